import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** One button for each proposal of a mapping: pressing it decides. */
export class ProposalButtons extends Component {
    static template = "ticket_billing_connectors.ProposalButtons";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
    }

    get proposals() {
        return this.props.record.data[this.props.name] || [];
    }

    async accept(proposal) {
        const { record } = this.props;
        await this.orm.call(record.resModel, "action_accept", [[record.resId], proposal.id]);
        await record.model.load();
    }
}

export const proposalButtons = {
    component: ProposalButtons,
    supportedTypes: ["json"],
};

registry.category("fields").add("ticket_billing_proposals", proposalButtons);
