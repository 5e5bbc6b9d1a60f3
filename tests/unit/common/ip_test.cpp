#include "common/ip.hpp"

#include <gtest/gtest.h>

namespace canhgac::common {
namespace {

TEST(Ip, ParsesBothFamilies) {
    EXPECT_EQ(to_string(*parse_ip("192.0.2.1")), "192.0.2.1");
    EXPECT_EQ(to_string(*parse_ip("2001:DB8:0:0::1")), "2001:db8::1");
    EXPECT_EQ(to_string(*parse_ip("fe80::1%eth0")), "fe80::1");
    EXPECT_EQ(to_string(unmapped(*parse_ip("::ffff:10.1.2.3"))), "10.1.2.3");
    for (const char* text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "1.2.3.4 "}) {
        EXPECT_FALSE(parse_ip(text)) << text;
    }
}

TEST(Ip, NetworksContainTheirAddressesOnly) {
    const auto ten = parse_cidr("10.0.0.0/8");
    ASSERT_TRUE(ten);
    EXPECT_TRUE(ten->contains(*parse_ip("10.255.0.1")));
    EXPECT_FALSE(ten->contains(*parse_ip("11.0.0.1")));
    EXPECT_FALSE(ten->contains(*parse_ip("::ffff:10.1.2.3")));
    const auto odd = parse_cidr("192.168.4.0/22");
    ASSERT_TRUE(odd);
    EXPECT_TRUE(odd->contains(*parse_ip("192.168.7.255")));
    EXPECT_FALSE(odd->contains(*parse_ip("192.168.8.0")));
    EXPECT_TRUE(parse_cidr("::/0")->contains(*parse_ip("2001:db8::1")));
    EXPECT_EQ(parse_cidr("192.0.2.7")->prefix_bits, 32);
}

TEST(Ip, BadNetworksSayWhy) {
    CidrError why{};
    EXPECT_FALSE(parse_cidr("10.0.0.1/8", &why));
    EXPECT_EQ(why, CidrError::host_bits_set);
    EXPECT_FALSE(parse_cidr("10.0.0.0/33", &why));
    EXPECT_EQ(why, CidrError::bad_prefix);
    EXPECT_FALSE(parse_cidr("ten/8", &why));
    EXPECT_EQ(why, CidrError::bad_address);
}

} // namespace
} // namespace canhgac::common
