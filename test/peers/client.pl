# Calls a service from Perl: client.pl host port [--dialect]. Written from docs/protocol.md alone.
use strict; use warnings; use utf8; use IO::Socket::INET; use JSON::PP;
my %limits = (row => 1048576, pending => 100, depth => 64, nodes => 100000);
my $greet = sub { my ($name, $reply) = @_; my $text = "Grüß dich, $name"; $reply ? $reply->(undef, $text) : $text };
my ($buffer, $in_dialect, $socket, $theirs, @ours, %our_number, %their_number, %results) = ('', 0);
my %tags = (function => \&their, yours => sub { $ours[ $_[0] ] }, error => sub { $_[0] }, undefined => sub { undef });
my $json = JSON::PP->new->utf8->max_depth(80)->filter_json_single_key_object('$' => sub {
    my ($kind, @data) = @{ $_[0] }; ($tags{$kind} // die "expected a tag that is known, got '$kind'\n")->(@data) });
sub number { $our_number{ $_[0] } //= push(@ours, $_[0]) - 1 }    # a function sent again has its first number again
sub tag { ref $_[0] ne 'CODE' ? $_[0] : { '$' => exists $their_number{ $_[0] } ?
    [ yours => $their_number{ $_[0] } ] : [ function => number($_[0]) ] } }
sub their { my $number = $_[0] + 0; my $function = sub { send_row(['notify'], [], $number, @_) };    # one way
    $their_number{$function} = $number; $function }
sub send_row {
    my ($kind, $more, $method, @values) = @_;
    $socket->print($json->encode($in_dialect ? [ [ @$kind, $method, map { tag($_) } @values ] ] : { method => $method,
        callbacks => { map { ref $values[$_] eq 'CODE' ? (number($values[$_]) => ["$_"]) : () } 0 .. $#values },
        arguments => [ map { ref eq 'CODE' ? '[Function]' : $_ } @values ], @$more }), "\n"); }
sub call {
    my ($id, $method, @values) = (scalar keys %results, $their_number{ $_[0] } // $_[0], @_[ 1 .. $#_ ]);
    send_row([ 'call', $id ], [], $method, @values, $in_dialect ? () : sub { $results{$id} = [ @_[ 0, 1 ] ] });
    receive() until $results{$id};
    print JSON::PP->new->ascii->encode($results{$id}), "\n"; }
sub receive {
    sysread($socket, $buffer, 65536, length $buffer) or die "expected a row, got the end of the connection\n"
        until $buffer =~ /\n/ || length $buffer > $limits{row};
    my $row = $json->decode($buffer =~ s/^(.*)\n// ? $1 : die "expected a row, got more than its limit\n") // {};
    return hear($row, $row->{method} // '', $row->{arguments} // []) unless $in_dialect && ref $row eq 'ARRAY';
    handle(@$_[ (ref $_->[0] eq 'HASH' || 0) .. $#$_ ]) for @$row; }    # heads tell of deadlines
sub hear {    # a classic row
    my ($row, $method, $values) = @_;
    die "expected their methods first, got '$method'\n" unless $theirs || $method eq 'methods';
    while (my ($number, $path) = each %{ $row->{callbacks} // {} }) {
        my $place = \$values;
        $place = ref $$place eq 'HASH' && exists $$place->{$_} ? \$$place->{$_} :
            /^\d+$/ && $_ < @$$place ? \$$place->[$_] : die "expected a value at '@$path'\n" for @$path;
        $$place = their($number);
    }
    $method eq 'methods' ? $theirs = $row : $ours[$method]->(@$values); }
sub handle {
    my ($kind, $about, @values) = @_;
    my ($ref, @given) = $kind eq 'call' ? @values : ($about, @values);
    my $result = $kind =~ /^(call|notify)$/ ? $ours[$ref]->(@given) : undef;
    send_row([ defined $result ? 'answer' : 'done' ], [], $about, $result // ()) if $kind eq 'call';
    $results{$_} = [ undef, undef ] for $kind eq 'done' ? ($about, @values) : ();
    $results{$about} = $kind eq 'error' ? [ $values[0], undef ] : [ undef, $values[0] ] if $kind =~ /^(answer|error)$/; }
eval {
    local $SIG{ALRM} = sub { die "expected to be done after 20 seconds\n" }; alarm 20;
    $socket = IO::Socket::INET->new(PeerAddr => shift, PeerPort => shift) or die "$@\n";
    my %hello = @ARGV ? (dservice => { protocol => 1, limits => \%limits }) : ();
    send_row([], [ callbacks => { number($greet) => [ '0', 'greet' ] }, %hello ], 'methods', { greet => '[Function]' });
    receive() until $theirs;
    die "expected a hello, got a classic peer\n" if %hello && !$theirs->{dservice};
    ($in_dialect, my $api) = (%hello ? 1 : 0, $theirs->{arguments}[0]);    # now each has the other's hello
    call(@$_) for [ '$describe' ], [ $api->{transform}, 'beep' ], [ $api->{nested}{deep}{twice}, 'ab' ],
        [ $api->{echo}, 'Grüße, 世界 🌍' ], [ $api->{fails} ], [ $api->{visit}, $greet ],
        $in_dialect ? ([ $api->{ask}, $greet, $greet ], [ $api->{nothing} ]) : ();
};
print(STDERR "refused: $@"), exit 1 if $@;
