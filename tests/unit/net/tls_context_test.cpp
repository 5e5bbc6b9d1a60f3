#include "net/tls_context.hpp"

#include <fstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/net/test_client.hpp"

namespace canhgac::net {
namespace {

using ::testing::HasSubstr;
using testing::TestAuthority;
using ::testing::ThrowsMessage;

class TlsContextTest : public ::testing::Test {
protected:
    TlsServerOptions options(const TestAuthority::Files& files) { return {files.certificate, files.key, {}, {}}; }
    auto making(const TlsServerOptions& with) {
        return [this, with] { const TlsContext context(with, now); };
    }

    testing::TemporaryFolder folder;
    TestAuthority authority{folder, "real"};
    TestAuthority::Files good = authority.issue("server");
    common::Nanos now = common::SystemClock().now();
};

TEST_F(TlsContextTest, KnowsWhenItEnds) {
    const TlsContext context(options(good), now);
    EXPECT_NEAR(static_cast<double>(context.not_after() - now), 3600e9, 10e9);
}

TEST_F(TlsContextTest, NamesTheFileAndWhatIsWrong) {
    const TestAuthority::Files expired = authority.issue("old", -7200, -3600);
    EXPECT_THAT(making(options(expired)),
                ThrowsMessage<std::runtime_error>(
                    ::testing::AllOf(HasSubstr(expired.certificate), HasSubstr("expired on 20"), HasSubstr("CN=old"))));
    EXPECT_THAT(making(options(authority.issue("new", 3600, 7200))),
                ThrowsMessage<std::runtime_error>(HasSubstr("is not valid before")));
    EXPECT_THAT(making(options({"/nonexistent.pem", good.key})),
                ThrowsMessage<std::runtime_error>(HasSubstr("certificate '/nonexistent.pem'")));
    EXPECT_THAT(making(options({good.certificate, authority.issue("other").key})),
                ThrowsMessage<std::runtime_error>(HasSubstr("key values mismatch")));
    const std::string junk = folder.file("junk.pem");
    std::ofstream(junk) << "not a certificate\n";
    EXPECT_THAT(making(options({junk, good.key})), ThrowsMessage<std::runtime_error>(HasSubstr("junk.pem")));
    EXPECT_THAT(making(options({good.certificate, junk})), ThrowsMessage<std::runtime_error>(HasSubstr("key '")));
    EXPECT_THAT(making(options({"", good.key})), ThrowsMessage<std::runtime_error>(HasSubstr("certificate file")));
}

TEST_F(TlsContextTest, ClientCertificatesNeedAnAuthority) {
    TlsServerOptions required = options(good);
    required.client_certificates = ClientCertificates::required;
    EXPECT_THAT(making(required), ThrowsMessage<std::runtime_error>(HasSubstr("client authority")));
    required.ca_file = folder.file("missing-ca.pem");
    EXPECT_THAT(making(required), ThrowsMessage<std::runtime_error>(HasSubstr("missing-ca.pem")));
    required.ca_file = authority.file();
    EXPECT_NO_THROW(making(required)());
}

} // namespace
} // namespace canhgac::net
