# Calls a service from Perl: client.pl host port [--dialect]. Written from docs/protocol.md alone.
use strict; use warnings; use utf8; use IO::Socket::INET; use JSON::PP;
my %limits = (row => 1048576, pending => 100, depth => 64, nodes => 100000);
my $json = JSON::PP->new->utf8->max_depth(80);
my $greet = sub { my ($name, $reply) = @_; my $text = "Grüß dich, $name"; $reply ? $reply->(undef, $text) : $text };
my ($buffer, $in_dialect, $socket, $theirs, @ours, %our_number, %their_number, %results) = ('', 0);

sub number { $our_number{ $_[0] } //= push(@ours, $_[0]) - 1 }    # a function sent again has its first number again
sub tag {
    return $_[0] if ref $_[0] ne 'CODE';
    { '$' => defined $their_number{ $_[0] } ? [ yours => $their_number{ $_[0] } ] : [ function => number($_[0]) ] };
}
sub send_row { $socket->print($json->encode($_[0]), "\n") }
sub say_it { my ($message, @values) = @_; send_row([ [ @$message, map { tag($_) } @values ] ]) }
sub tell {    # in a classic row
    my ($method, @values) = @_;
    my @functions = grep { ref $values[$_] eq 'CODE' } 0 .. $#values;
    my %callbacks = map { number($values[$_]) => ["$_"] } @functions;
    @values[@functions] = ('[Function]') x @functions;
    send_row({ method => $method, arguments => \@values, callbacks => \%callbacks });
}
sub their { my $number = shift; my $function = sub { $in_dialect ? say_it([ notify => $number ], @_) : tell($number, @_) };
    $their_number{$function} = $number; $function }    # calling it goes one way
sub call {
    my ($id, $method, @values) = (scalar keys %results, $their_number{ $_[0] } // $_[0], @_[ 1 .. $#_ ]);
    $in_dialect ? say_it([ call => $id, $method ], @values) : tell($method, @values, sub { $results{$id} = [ @_[ 0, 1 ] ] });
    receive() until $results{$id};
    print JSON::PP->new->ascii->encode($results{$id}), "\n";
}
sub receive {
    sysread($socket, $buffer, 65536, length $buffer) or die "expected a row, got the end of the connection\n"
        until $buffer =~ /\n/ || length $buffer > $limits{row};
    my $row = $json->decode($buffer =~ s/^(.*)\n// ? $1 : die "expected a row, got more than its limit\n") // {};
    return hear($row, $row->{method} // '', $row->{arguments} // []) unless $in_dialect && ref $row eq 'ARRAY';
    handle(@$_[ ref $_->[0] eq 'HASH' ? 1 : 0 .. $#$_ ]) for @$row;    # heads tell of deadlines: we are quick
}
sub hear {    # a classic row
    my ($row, $method, $values) = @_;
    die "expected their methods first, got '$method'\n" unless $theirs || $method eq 'methods';
    while (my ($number, $path) = each %{ $row->{callbacks} // {} }) {
        my $place = \$values;
        $place = ref $$place eq 'HASH' && exists $$place->{$_} ? \$$place->{$_} :
            /^\d+$/ && $_ < @$$place ? \$$place->[$_] : die "expected a value at '@$path'\n" for @$path;
        $$place = their($number + 0);
    }
    $method eq 'methods' ? $theirs = $row : $ours[$method]->(@$values);
}
sub revive {    # what tags of functions stand for; nothing here sends objects whose only key is "$"
    my ($kind, $data) = ref $_[0] eq 'HASH' && keys %{ $_[0] } == 1 && $_[0]{'$'} ? @{ $_[0]{'$'} } : return $_[0];
    $kind eq 'function' ? their($data) : $kind eq 'yours' ? $ours[$data] : die "expected a function, got a '$kind'\n";
}
