#!/usr/bin/env perl
# Plays znuny_story.json into a fresh Znuny through its own Perl API, each step at
# the story's clock time, so that every create and change time is genuine.
#
#   ZNUNY_PASSWORD=... perl znuny_seed.pl FOLDER_WITH_STORY_AND_WEBSERVICE
#
# Times in the story are Europe/Berlin; a booking is made when its work is done.
use strict;
use warnings;
use utf8;

use lib '/usr/share/otrs', '/usr/share/otrs/Kernel/cpan-lib';

# The story's clock. Before any other module, because time() is bound when code is
# compiled. Znuny takes every timestamp from it, those in SQL too.
my $Now;

BEGIN {
    *CORE::GLOBAL::time = sub { return $Now // CORE::time() };
    for my $Function (qw(localtime gmtime)) {
        no strict 'refs';    ## no critic
        my $Core = \&{"CORE::$Function"};
        *{"CORE::GLOBAL::$Function"} = sub { return $Core->( $_[0] // time ) };
    }
}

use Kernel::System::ObjectManager;
use DateTime;
use JSON::PP;

my $Folder   = $ARGV[0]              or die "usage: $0 FOLDER\n";
my $Password = $ENV{ZNUNY_PASSWORD} or die "ZNUNY_PASSWORD is not set\n";

local $Kernel::OM = Kernel::System::ObjectManager->new(
    'Kernel::System::Log' => { LogPrefix => 'znuny_seed' },
);
my %Object = map { $_ => $Kernel::OM->Get("Kernel::System::$_") }
    qw(Cache CustomerCompany CustomerUser DynamicField Group Queue Ticket User YAML);
my $ArticleObject = $Kernel::OM->Get('Kernel::System::Ticket::Article');
my $ValueObject   = $Kernel::OM->Get('Kernel::System::DynamicField::Backend');

my $Root = 1;    # user id of root@localhost, who also files incoming mail

# The story's addresses do not exist.
my $Config = $Kernel::OM->Get('Kernel::Config');
$Config->Set( Key => $_, Value => 0 ) for qw(CheckEmailAddresses CheckMXRecord);
$Config->Set( Key => 'SendmailModule', Value => 'Kernel::System::Email::DoNotSendEmail' );

my $Story = decode_json( Slurp("$Folder/znuny_story.json") );
my ( %UserID, %Customer, %Ticket );

$Now = Epoch('2026-10-01 09:00');
AddWebservices();
AddAgentsAndQueues();
AddCustomers();
AddDynamicFields();
PlayTickets();
$Now = undef;
$Object{Cache}->CleanUp();
print scalar( keys %Ticket ), " tickets\n";

sub Slurp {
    my ($Path) = @_;
    open my $Handle, '<:raw', $Path or die "$Path: $!\n";
    local $/ = undef;
    return scalar <$Handle>;
}

sub Epoch {
    my ($Local) = @_;
    my ( $Year, $Month, $Day, $Hour, $Minute ) = $Local =~ m{\d+}g;
    return DateTime->new(
        year => $Year, month => $Month, day => $Day, hour => $Hour,
        minute => $Minute, time_zone => 'Europe/Berlin',
    )->epoch();
}

sub AddWebservices {
    my %File = (
        GenericTicketConnectorREST => 'znuny_webservice.yml',
        GenericTicketConnectorSOAP => 'znuny_webservice_soap.yml',
    );
    for my $Name ( sort keys %File ) {
        my $Definition = $Object{YAML}->Load( Data => Slurp("$Folder/$File{$Name}") );
        $Kernel::OM->Get('Kernel::System::GenericInterface::Webservice')->WebserviceAdd(
            Name    => $Name,
            Config  => $Definition,
            ValidID => 1,
            UserID  => $Root,
        ) or die "web service\n";
    }
    return;
}

sub AddAgentsAndQueues {
    # timeaccounting_webservice, which TimeAccountingGet asks for, comes with Znuny.
    $Object{Group}->GroupAdd( Name => 'helpdesk', ValidID => 1, UserID => $Root );
    my %GroupID = reverse $Object{Group}->GroupList();

    for my $Agent ( @{ $Story->{agents} } ) {
        my $UserID = $UserID{ $Agent->{login} } = $Object{User}->UserAdd(
            UserFirstname => $Agent->{first},
            UserLastname  => $Agent->{last},
            UserLogin     => $Agent->{login},
            UserPw        => $Password,
            UserEmail     => "$Agent->{login}\@nordlicht-it.example",
            ValidID       => 1,
            ChangeUserID  => $Root,
        ) or die "agent $Agent->{login}\n";
        my @Groups = ('helpdesk');
        push @Groups, 'timeaccounting_webservice' if $Agent->{login} =~ m{^api};
        for my $Group (@Groups) {
            $Object{Group}->PermissionGroupUserAdd(
                GID        => $GroupID{$Group},
                UID        => $UserID,
                Permission => { ro => 1, rw => 1 },
                UserID     => $Root,
            ) or die "permission of $Agent->{login}\n";
        }
    }
    for my $Name ( @{ $Story->{queues} } ) {
        $Object{Queue}->QueueAdd(
            Name            => $Name,
            ValidID         => 1,
            GroupID         => $GroupID{helpdesk},
            SystemAddressID => 1,
            SalutationID    => 1,
            SignatureID     => 1,
            Comment         => 'Nordlicht IT-Service GmbH',
            UserID          => $Root,
        ) or die "queue $Name\n";
    }
    return;
}

sub AddCustomers {
    for my $Company ( @{ $Story->{companies} } ) {
        $Object{CustomerCompany}->CustomerCompanyAdd(
            CustomerID             => $Company->{id},
            CustomerCompanyName    => $Company->{name},
            CustomerCompanyStreet  => $Company->{street},
            CustomerCompanyZIP     => $Company->{zip},
            CustomerCompanyCity    => $Company->{city},
            CustomerCompanyCountry => 'Germany',
            ValidID                => 1,
            UserID                 => $Root,
        ) or die "company $Company->{id}\n";
    }
    for my $User ( @{ $Story->{customers} } ) {
        $Customer{ $User->{login} } = $User;
        $Object{CustomerUser}->CustomerUserAdd(
            Source         => 'CustomerUser',
            UserFirstname  => $User->{first},
            UserLastname   => $User->{last},
            UserCustomerID => $User->{company},
            UserLogin      => $User->{login},
            UserPassword   => $Password,
            UserEmail      => $User->{email},
            ValidID        => 1,
            UserID         => $Root,
        ) or die "customer $User->{login}\n";
    }
    return;
}

sub AddDynamicFields {
    my %Activities = map { $_ => $_ } qw(remote onsite travel phone);
    $Object{DynamicField}->DynamicFieldAdd(
        Name       => 'Activity',
        Label      => 'Activity',
        FieldOrder => 1,
        FieldType  => 'Dropdown',
        ObjectType => 'Article',
        Config     => { PossibleNone => 1, PossibleValues => \%Activities },
        ValidID    => 1,
        UserID     => $Root,
    ) or die "field Activity\n";
    $Object{DynamicField}->DynamicFieldAdd(
        Name       => 'PurchaseOrder',
        Label      => 'Purchase order',
        FieldOrder => 2,
        FieldType  => 'Text',
        ObjectType => 'Ticket',
        Config     => { DefaultValue => '' },
        ValidID    => 1,
        UserID     => $Root,
    ) or die "field PurchaseOrder\n";
    return;
}

sub PlayTickets {
    # In the order of the clock, across tickets, as ids and numbers would grow.
    my @Steps;
    for my $Ticket ( @{ $Story->{tickets} } ) {
        push @Steps, map { [ Epoch( $_->{at} ), $Ticket, $_ ] } @{ $Ticket->{events} };
    }
    for my $Step ( sort { $a->[0] <=> $b->[0] } @Steps ) {
        my ( $Epoch, $Ticket, $Event ) = @{$Step};
        $Now = $Epoch;
        PlayEvent( $Ticket, $Event );

        # Event handlers that run at the end of a request.
        $Kernel::OM->ObjectsDiscard( Objects => ['Kernel::System::Ticket'] );
        $Object{Ticket} = $Kernel::OM->Get('Kernel::System::Ticket');
    }
    return;
}

sub PlayEvent {
    my ( $Ticket, $Event ) = @_;
    my $Key    = $Ticket->{key};
    my $UserID = $UserID{ $Event->{by} } || $Root;

    $Ticket{$Key} ||= { id => CreateTicket( $Ticket, $Event, $UserID ) };
    my %Common = ( TicketID => $Ticket{$Key}{id}, UserID => $UserID );

    TakeTicket( %Common, OwnerID => $UserID ) if $Event->{by} ne 'customer';
    if ( $Event->{text} ) {
        $Ticket{$Key}{article} = AddArticle( $Ticket, $Event, %Common );
    }
    my $Minutes = $Event->{minutes} // $Event->{add_minutes};
    if ( defined $Minutes ) {
        $Object{Ticket}->TicketAccountTime(
            %Common, ArticleID => $Ticket{$Key}{article}, TimeUnit => $Minutes,
        ) or die "time in $Key\n";
    }
    if ( $Event->{queue} ) {
        $Object{Ticket}->TicketQueueSet( %Common, Queue => $Event->{queue} )
            or die "queue in $Key\n";
    }
    SetState( $Event->{state}, $Event->{until}, %Common ) if $Event->{state};
    if ( $Event->{merge_into} ) {
        $Object{Ticket}->TicketMerge(
            MainTicketID  => $Ticket{ $Event->{merge_into} }{id},
            MergeTicketID => $Common{TicketID},
            UserID        => $UserID,
        ) or die "merge of $Key\n";
    }
    return;
}

sub CreateTicket {
    my ( $Ticket, $Event, $UserID ) = @_;
    my $TicketID = $Object{Ticket}->TicketCreate(
        Title        => $Ticket->{title},
        Queue        => $Ticket->{queue},
        Lock         => 'unlock',
        Priority     => $Ticket->{priority} || '3 normal',
        State        => 'new',
        CustomerID   => $Customer{ $Ticket->{customer} }{company},
        CustomerUser => $Ticket->{customer},
        OwnerID      => $Root,
        UserID       => $UserID,
    ) or die "ticket $Ticket->{key}\n";
    if ( $Ticket->{purchase_order} ) {
        SetField( 'PurchaseOrder', $TicketID, $Ticket->{purchase_order}, $UserID );
    }
    return $TicketID;
}

# The first agent who acts on a new ticket owns and opens it.
sub TakeTicket {
    my (%Common) = @_;
    my %Data = $Object{Ticket}->TicketGet(%Common);
    return if $Data{StateType} ne 'new';
    $Object{Ticket}->TicketOwnerSet( %Common, NewUserID => $Common{OwnerID}, SendNoNotification => 1 );
    $Object{Ticket}->TicketStateSet( %Common, State => 'open' );
    return;
}

sub SetState {
    my ( $State, $Until, %Common ) = @_;
    $Object{Ticket}->TicketStateSet( %Common, State => $State ) or die "state $State\n";
    if ($Until) {
        $Object{Ticket}->TicketPendingTimeSet( %Common, String => "$Until:00" );
    }
    return;
}

sub AddArticle {
    my ( $Ticket, $Event, %Common ) = @_;
    my $User         = $Customer{ $Ticket->{customer} };
    my $FromCustomer = $Event->{via} ? 1 : 0;
    my $FollowUp     = $Ticket{ $Ticket->{key} }{article} ? 1 : 0;

    # A customer who writes again reopens a closed ticket, as Znuny's mail filter does.
    my %Data = $Object{Ticket}->TicketGet(%Common);
    if ( $FromCustomer && $Data{StateType} eq 'closed' ) {
        $Object{Ticket}->TicketStateSet( %Common, State => 'open' );
    }

    my $Channel   = $Event->{via} || 'Internal';
    my $ArticleID = $ArticleObject->BackendForChannel( ChannelName => $Channel )->ArticleCreate(
        %Common,
        SenderType           => $FromCustomer ? 'customer' : 'agent',
        IsVisibleForCustomer => $FromCustomer || $Event->{visible} ? 1 : 0,
        From    => $FromCustomer ? "$User->{first} $User->{last} <$User->{email}>" : $Event->{by},
        To      => $Ticket->{queue},
        Subject => $Ticket->{title},
        Body    => $Event->{text},
        ContentType    => 'text/plain; charset=utf-8',
        HistoryType    => HistoryType( $Channel, $FollowUp ),
        HistoryComment => '%%',
    ) or die "article in $Ticket->{key}\n";
    SetField( 'Activity', $ArticleID, $Event->{activity}, $Common{UserID} ) if $Event->{activity};
    return $ArticleID;
}

sub HistoryType {
    my ( $Channel, $FollowUp ) = @_;
    return 'AddNote'           if $Channel eq 'Internal';
    return 'PhoneCallCustomer' if $Channel eq 'Phone';
    return $FollowUp ? 'FollowUp' : 'EmailCustomer';
}

sub SetField {
    my ( $Name, $ObjectID, $Value, $UserID ) = @_;
    $ValueObject->ValueSet(
        DynamicFieldConfig => $Object{DynamicField}->DynamicFieldGet( Name => $Name ),
        ObjectID           => $ObjectID,
        Value              => $Value,
        UserID             => $UserID,
    ) or die "field $Name\n";
    return;
}
