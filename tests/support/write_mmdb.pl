#!/usr/bin/env perl
# Writes a MaxMind DB for tests. usage: write_mmdb.pl country|asn FILE, then lines "NETWORK<TAB>VALUE[<TAB>NAME]" on stdin.
use strict;
use warnings;
use MaxMind::DB::Writer::Tree;

my ($kind, $file) = @ARGV;
my %types = (
    country => 'map', iso_code => 'utf8_string',
    autonomous_system_number => 'uint32', autonomous_system_organization => 'utf8_string',
);
my $tree = MaxMind::DB::Writer::Tree->new(
    database_type => "Test-$kind", description => { en => 'test' }, ip_version => 6, record_size => 24,
    alias_ipv6_to_ipv4 => 1, map_key_type_callback => sub { $types{ $_[0] } },
);
while (my $line = <STDIN>) {
    chomp $line;
    my ($network, $value, $name) = split /\t/, $line;
    $tree->insert_network($network, $kind eq 'country'
        ? { country => { iso_code => $value } }
        : { autonomous_system_number => $value, autonomous_system_organization => $name });
}
open my $out, '>:raw', $file or die "$file: $!";
$tree->write_tree($out);
close $out or die "$file: $!";
