#include "net/digest.hpp"

#include <gtest/gtest.h>

namespace canhgac::net {
namespace {

TEST(Digest, KnownValues) {
    EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); // FIPS 180
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"); // RFC 4231, case 2
    EXPECT_TRUE(equal_constant_time(sha256("a"), sha256("a")));
    EXPECT_FALSE(equal_constant_time(sha256("a"), sha256("b")));
}

TEST(Digest, ReadsHexAndBase64Strictly) {
    EXPECT_EQ(parse_sha256(to_hex(sha256("x"))), sha256("x"));
    EXPECT_FALSE(parse_sha256("ba7816"));
    EXPECT_FALSE(parse_sha256(std::string(64, 'g')));
    EXPECT_EQ(base64_decode("d2ViMDE6czNjcmV0"), "web01:s3cret");
    EXPECT_EQ(base64_decode("YQ=="), "a");
    EXPECT_EQ(base64_decode("YWI"), "ab");
    EXPECT_EQ(base64_decode(""), "");
    EXPECT_FALSE(base64_decode("Y"));
    EXPECT_FALSE(base64_decode("Y*=="));
    EXPECT_FALSE(base64_decode("YQ==="));
}

TEST(Digest, RandomIsNotTheSameTwice) {
    EXPECT_EQ(random_hex(8).size(), 16U);
    EXPECT_NE(random_hex(16), random_hex(16));
}

} // namespace
} // namespace canhgac::net
