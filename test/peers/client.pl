# Calls a service from Perl: client.pl host port [--dialect]. Written from docs/protocol.md alone.
use strict; use warnings; use utf8; use IO::Socket::INET; use JSON::PP;
my %limits = (row => 1048576, pending => 100, depth => 64, nodes => 100000);
my $json = JSON::PP->new->utf8->max_depth(80);
my $greet = sub { my ($name, $reply) = @_; $reply->(undef, "Grüß dich, $name") };
my ($buffer, $in_dialect, $socket, $theirs, @ours, %our_number, %their_number, %results) = ('', 0);

sub send_row {    # a function that is sent again has its first number again
    my ($kind, $more, $method, @values) = @_;
    my @functions = grep { ref $values[$_] eq 'CODE' } 0 .. $#values;
    my %callbacks = map { ($our_number{ $values[$_] } //= push(@ours, $values[$_]) - 1) => ["$_"] } @functions;
    @values[@functions] = ('[Function]') x @functions;
    my %row = ($in_dialect ? () : (method => $method, arguments => \@values), callbacks => \%callbacks, @$more);
    $socket->print($json->encode($in_dialect ? [ [ \%row, @$kind, $method, @values ] ] : \%row), "\n");
}
sub call {
    my ($id, $method, @values) = (scalar keys %results, $their_number{ $_[0] } // $_[0], @_[ 1 .. $#_ ]);
    push @values, sub { $results{$id} = [ @_[ 0, 1 ] ] } unless $in_dialect;
    send_row([ 'call', $id ], [], $method, @values);
    receive() until $results{$id};
    print JSON::PP->new->ascii->encode($results{$id}), "\n";
}

sub receive {
    sysread($socket, $buffer, 65536, length $buffer) or die "expected a row, got the end of the connection\n"
        until $buffer =~ /\n/ || length $buffer > $limits{row};
    my $row = $json->decode($buffer =~ s/^(.*)\n// ? $1 : die "expected a row, got more than its limit\n") // {};
    handle(ref $_->[0] eq 'HASH' ? @$_ : ({}, @$_)) for $in_dialect && ref $row eq 'ARRAY' ? @$row :
        [ $row, 'notify', $row->{method} // '', @{ $row->{arguments} // [] } ];    # a classic row is a notify
}

sub handle {
    my ($head, $kind, $about, @values) = @_;
    die "expected their methods first, got '$about'\n" unless $theirs || $about eq 'methods';
    while (my ($number, $path) = each %{ $head->{callbacks} // {} }) {
        my $place = \\@values;
        $place = ref $$place eq 'HASH' && exists $$place->{$_} ? \$$place->{$_} :
            /^\d+$/ && $_ < @$$place ? \$$place->[$_] : die "expected a value at '@$path'\n" for @$path;
        $their_number{ $$place = sub { send_row(['notify'], [], $number + 0, @_) } } = $number + 0;
    }
    if ($kind eq 'answer')      { $results{$about} = [ undef, $values[0] ] }
    elsif ($kind eq 'error')    { $results{$about} = [ $values[0], undef ] }
    elsif ($about eq 'methods') { $theirs = $head }
    elsif ($kind eq 'notify')   { $ours[$about]->(@values) }
}

eval {
    local $SIG{ALRM} = sub { die "expected to be done after 20 seconds\n" }; alarm 20;
    $socket = IO::Socket::INET->new(PeerAddr => shift, PeerPort => shift) or die "$@\n";
    my %hello = @ARGV ? (dservice => { protocol => 1, limits => \%limits }) : ();
    $our_number{ $ours[0] = $greet } = 0;
    send_row([], [ callbacks => { 0 => [ '0', 'greet' ] }, %hello ], 'methods', { greet => '[Function]' });
    receive() until $theirs;
    die "expected a hello, got a classic peer\n" if %hello && !$theirs->{dservice};
    ($in_dialect, my $api) = (%hello ? 1 : 0, $theirs->{arguments}[0]);    # now each has the other's hello
    call(@$_) for [ '$describe' ], [ $api->{transform}, 'beep' ], [ $api->{nested}{deep}{twice}, 'ab' ],
        [ $api->{echo}, 'Grüße, 世界 🌍' ], [ $api->{fails} ], [ $api->{visit}, $greet ];
};
print(STDERR "refused: $@"), exit 1 if $@;
