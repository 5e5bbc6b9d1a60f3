// Channels against a real SMTP server and a real HTTP receiver on loopback.
#include <chrono>
#include <thread>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "alerting/alert_codec.hpp"
#include "alerting/channels/smtp.hpp"
#include "alerting/channels/webhook.hpp"
#include "net/http_client.hpp"
#include "tests/support/child_process.hpp"
#include "tests/unit/alerting/samples.hpp"

namespace canhgac::alerting {
namespace {

namespace json = boost::json;
using Outcome = Delivery::Outcome;
using test::ChildProcess;
using test::TemporaryFolder;

const std::string kSupport = CANHGAC_SOURCE_DIR "/tests/support/"; // NOLINT(cert-err58-cpp)
constexpr const char* kPython = "/usr/bin/python3";

/// A certificate for 127.0.0.1 that vouches for itself.
struct Certificate {
    explicit Certificate(const TemporaryFolder& folder)
        : pem((folder.path() / "cert.pem").string()), key((folder.path() / "key.pem").string()) {
        EXPECT_TRUE(test::run_command("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
                                      "-addext subjectAltName=IP:127.0.0.1 -keyout " +
                                      key + " -out " + pem));
    }
    std::string pem;
    std::string key;
};

class ChannelTest : public testing::Test {
protected:
    Delivery send(Channel& channel) { return channel.send(notice, cancelled); }

    TemporaryFolder folder;
    common::ManualClock clock{test::kMorning + common::kMinute};
    std::atomic<bool> cancelled{false};
    Notice notice = test::sample_notice();
};

class SmtpTest : public ChannelTest {
protected:
    /// Starts the server; settings point at it.
    void serve(std::vector<std::string> options = {}) {
        std::vector<std::string> command{kPython, kSupport + "mail_server.py", folder.path().string()};
        command.insert(command.end(), options.begin(), options.end());
        server = std::make_unique<ChildProcess>(command);
        const std::string port = server->line();
        ASSERT_FALSE(port.empty()) << "the mail server did not start: is python3-aiosmtpd installed?";
        settings.host = "127.0.0.1";
        settings.port = static_cast<std::uint16_t>(std::stoi(port));
        settings.security = SmtpSettings::Security::none;
        settings.from = "soc@example.gov.vn";
        settings.to = {"truc@example.gov.vn", "doi.ung.cuu@example.gov.vn"};
        settings.style.console_url = "https://soc.example.gov.vn";
    }
    json::value envelope(int number) {
        return json::parse(test::read_file(folder.path() / (std::to_string(number) + ".json")));
    }
    json::value mail(int number) {
        ChildProcess reader(
            {kPython, kSupport + "read_mail.py", (folder.path() / (std::to_string(number) + ".eml")).string()});
        return json::parse(reader.line());
    }

    std::unique_ptr<ChildProcess> server;
    SmtpSettings settings;
};

TEST_F(SmtpTest, DeliversReadableVietnamese) {
    serve();
    notice.alert.message = ".\r\n. a line that is only a dot";
    const auto channel = make_smtp(settings, clock);
    const Delivery delivery = send(*channel);
    EXPECT_EQ(delivery.outcome, Outcome::delivered) << delivery.detail;
    EXPECT_EQ(delivery.detail, "250 2.0.0 queued as 1");
    EXPECT_EQ(json::serialize(envelope(1).at("to")), R"(["truc@example.gov.vn","doi.ung.cuu@example.gov.vn"])");
    EXPECT_EQ(envelope(1).at("from").as_string(), "soc@example.gov.vn");

    const json::value got = mail(1);
    const NoticeText want = notice_text(notice, settings.style);
    EXPECT_TRUE(got.at("defects").as_array().empty()) << json::serialize(got.at("defects"));
    const auto& headers = got.at("headers").as_object();
    EXPECT_EQ(headers.at("Subject").as_string(), want.subject);
    EXPECT_EQ(headers.at("From").as_string(), "Canh Gác <soc@example.gov.vn>");
    EXPECT_EQ(headers.at("Message-ID").as_string(), "<" + notice.key + "@example.gov.vn>");
    EXPECT_EQ(headers.at("References").as_string(), "<" + notice.alert.id + ".alert@example.gov.vn>");
    EXPECT_EQ(headers.at("Date").as_string(), "Sun, 22 Nov 2026 08:01:00 +0700");
    EXPECT_EQ(got.at("parts").at("text/plain").as_string(), want.text);
    EXPECT_EQ(got.at("parts").at("text/html").as_string(), want.html);

    // The connection is used again.
    EXPECT_EQ(send(*channel).outcome, Outcome::delivered);
    EXPECT_EQ(mail(2).at("headers").at("Message-ID").as_string(), headers.at("Message-ID").as_string());
}

TEST_F(SmtpTest, UsesStartTlsAndSignsIn) {
    const Certificate certificate(folder);
    serve({"--tls", "starttls", "--certificate", certificate.pem, "--key", certificate.key, "--login", "soc:mật khẩu"});
    settings.security = SmtpSettings::Security::starttls;
    settings.user = "soc";
    settings.password_file = folder.write("password", "mật khẩu\n");
    settings.ca_file = certificate.pem;
    const Delivery delivery = send(*make_smtp(settings, clock));
    EXPECT_EQ(delivery.outcome, Outcome::delivered) << delivery.detail;
    EXPECT_TRUE(envelope(1).at("tls").as_bool());
    EXPECT_EQ(envelope(1).at("user").as_string(), "soc");

    settings.password_file = folder.write("wrong", "geheim");
    const Delivery refused = send(*make_smtp(settings, clock));
    EXPECT_EQ(refused.outcome, Outcome::unreachable) << "a wrong password is not the notice's fault";
    EXPECT_EQ(refused.detail.find("geheim"), std::string::npos);
}

TEST_F(SmtpTest, UsesTlsFromTheFirstByte) {
    const Certificate certificate(folder);
    serve({"--tls", "tls", "--certificate", certificate.pem, "--key", certificate.key});
    settings.security = SmtpSettings::Security::tls;
    settings.ca_file = certificate.pem;
    EXPECT_EQ(send(*make_smtp(settings, clock)).outcome, Outcome::delivered);
    settings.ca_file.clear();
    EXPECT_EQ(send(*make_smtp(settings, clock)).outcome, Outcome::unreachable) << "a certificate nobody vouches for";
}

TEST_F(SmtpTest, NeverFallsBackToPlainText) {
    serve();
    settings.security = SmtpSettings::Security::starttls;
    EXPECT_EQ(send(*make_smtp(settings, clock)).outcome, Outcome::unreachable);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "1.eml"));
}

TEST_F(SmtpTest, TellsRefusalsApart) {
    serve();
    settings.to = {"unknown@example.gov.vn", "truc@example.gov.vn"};
    const Delivery partly = send(*make_smtp(settings, clock));
    EXPECT_EQ(partly.outcome, Outcome::delivered);
    EXPECT_EQ(partly.detail, "1 of 2 recipients refused; 250 2.0.0 queued as 1");
    settings.to = {"unknown@example.gov.vn"};
    EXPECT_EQ(send(*make_smtp(settings, clock)).outcome, Outcome::permanent);
    settings.to = {"later@example.gov.vn"};
    EXPECT_EQ(send(*make_smtp(settings, clock)).outcome, Outcome::retry);
    server->stop();
    EXPECT_EQ(send(*make_smtp(settings, clock)).outcome, Outcome::unreachable);
}

TEST_F(SmtpTest, RejectedDataIsPermanent) {
    serve({"--reject-data"});
    const Delivery delivery = send(*make_smtp(settings, clock));
    EXPECT_EQ(delivery.outcome, Outcome::permanent) << delivery.detail;
}

TEST_F(SmtpTest, ChecksItsSettings) {
    SmtpSettings good;
    good.host = "127.0.0.1";
    good.from = "a@example.org";
    good.to = {"b@example.org"};
    EXPECT_NO_THROW(static_cast<void>(make_smtp(good, clock)));
    SmtpSettings bad = good;
    bad.host = "mail.example.org";
    bad.security = SmtpSettings::Security::none;
    EXPECT_THROW(static_cast<void>(make_smtp(bad, clock)), std::runtime_error);
    bad = good;
    bad.to.clear();
    EXPECT_THROW(static_cast<void>(make_smtp(bad, clock)), std::runtime_error);
    bad = good;
    bad.to = {"b@example.org\r\nDATA"};
    EXPECT_THROW(static_cast<void>(make_smtp(bad, clock)), std::runtime_error);
    bad = good;
    bad.user = "a";
    bad.password_file = folder.write("empty", "\n");
    EXPECT_THROW(static_cast<void>(make_smtp(bad, clock)), std::runtime_error);
    bad.password_file = "/nowhere";
    EXPECT_THROW(static_cast<void>(make_smtp(bad, clock)), std::runtime_error);
}

class WebhookTest : public ChannelTest {
protected:
    void serve(const std::string& answers, std::vector<std::string> tls = {}) {
        std::vector<std::string> command{kPython, kSupport + "webhook_receiver.py", answers};
        command.insert(command.end(), tls.begin(), tls.end());
        server = std::make_unique<ChildProcess>(command);
        const std::string port = server->line();
        ASSERT_FALSE(port.empty());
        settings.url = (tls.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + port + "/hook?team=soc";
        settings.timeout = std::chrono::milliseconds(5'000);
    }
    json::value request() { return json::parse(server->line()); }

    std::unique_ptr<ChildProcess> server;
    WebhookSettings settings;
};

TEST_F(WebhookTest, SendsSignedJson) {
    serve("200");
    settings.secret_file = folder.write("secret", "khóa bí mật\n");
    const auto channel = make_webhook(settings, clock);
    const Delivery delivery = send(*channel);
    EXPECT_EQ(delivery.outcome, Outcome::delivered);
    EXPECT_EQ(delivery.detail, "HTTP 200");
    const json::value got = request();
    EXPECT_EQ(got.at("path").as_string(), "/hook?team=soc");
    const auto& headers = got.at("headers").as_object();
    EXPECT_EQ(headers.at("Content-Type").as_string(), "application/json");
    EXPECT_EQ(headers.at("Idempotency-Key").as_string(), notice.key);
    const std::string timestamp(headers.at("X-CanhGac-Timestamp").as_string());
    EXPECT_EQ(timestamp, std::to_string(clock.now() / common::kSecond));
    const std::string body(got.at("body").as_string());
    EXPECT_EQ(headers.at("X-CanhGac-Signature").as_string(), webhook_signature("khóa bí mật", timestamp, body));

    const json::value content = json::parse(body);
    EXPECT_EQ(content.at("kind").as_string(), "alert.new");
    const auto alert = decode_alert(json::serialize(content.at("alert")));
    ASSERT_TRUE(alert);
    EXPECT_EQ(encode_alert(*alert), encode_alert(notice.alert));
    EXPECT_EQ(content.at("text").at("subject").as_string(), notice_text(notice, settings.style).subject);

    // A second try differs in nothing but the time.
    clock.advance(common::kMinute);
    EXPECT_EQ(send(*channel).outcome, Outcome::delivered);
    EXPECT_EQ(std::string(request().at("body").as_string()), body);
}

TEST_F(WebhookTest, SignatureIsHmacSha256) {
    // RFC 4231 test case 2 is HMAC("Jefe", "what do ya want for nothing?"); ours has a dot between its two parts, so
    // the reference value was made with: printf '1700000000.{}' | openssl dgst -sha256 -hmac Jefe
    EXPECT_EQ(webhook_signature("Jefe", "1700000000", "{}"),
              "sha256=d3793e2b4103edfbd98cc19591832f5fad701d413db9fcae0ae7dab8184ed207");
    EXPECT_EQ(webhook_signature(std::string(200, 'k'), "1", "x").size(), 71U);
}

TEST_F(WebhookTest, FillsATemplate) {
    serve("204");
    settings.template_file = folder.write("template.json", R"({"text":"{{level_text}}: {{title}}","n":{{count}}})");
    notice.alert.title = "a \"quoted\" title";
    EXPECT_EQ(send(*make_webhook(settings, clock)).outcome, Outcome::delivered);
    EXPECT_EQ(request().at("body").as_string(), R"({"text":"cao: a \"quoted\" title","n":10})");
}

TEST_F(WebhookTest, JudgesTheAnswer) {
    serve("500,503:7,429,408,404,400,302,200");
    const auto channel = make_webhook(settings, clock);
    const auto outcome = [&] { return send(*channel).outcome; };
    EXPECT_EQ(outcome(), Outcome::retry);
    const Delivery later = send(*channel);
    EXPECT_EQ(later.outcome, Outcome::retry);
    EXPECT_EQ(later.retry_after, 7 * common::kSecond);
    EXPECT_EQ(outcome(), Outcome::retry);
    EXPECT_EQ(outcome(), Outcome::retry);
    EXPECT_EQ(outcome(), Outcome::permanent);
    EXPECT_EQ(outcome(), Outcome::permanent);
    EXPECT_EQ(outcome(), Outcome::retry) << "redirects are not followed";
    EXPECT_EQ(outcome(), Outcome::delivered);
    server->stop();
    EXPECT_EQ(outcome(), Outcome::unreachable);
}

TEST_F(WebhookTest, GivesUpInTimeAndWhenCancelled) {
    serve("hang");
    settings.timeout = std::chrono::milliseconds(300);
    EXPECT_EQ(send(*make_webhook(settings, clock)).detail, "no answer in time");
    settings.timeout = std::chrono::minutes(5);
    const auto channel = make_webhook(settings, clock);
    std::thread canceller([this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        cancelled = true;
    });
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(send(*channel).outcome, Outcome::unreachable);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(30));
    canceller.join();
}

TEST_F(WebhookTest, VerifiesCertificates) {
    const Certificate certificate(folder);
    serve("200", {certificate.pem, certificate.key});
    EXPECT_EQ(send(*make_webhook(settings, clock)).outcome, Outcome::unreachable);
    settings.ca_file = certificate.pem;
    EXPECT_EQ(send(*make_webhook(settings, clock)).outcome, Outcome::delivered);
}

TEST_F(WebhookTest, ChecksItsSettings) {
    const auto refused = [&](WebhookSettings bad) {
        EXPECT_THROW(static_cast<void>(make_webhook(std::move(bad), clock)), std::runtime_error);
    };
    refused({.url = "ftp://127.0.0.1/"});
    refused({.url = "nonsense"});
    refused({.url = "http://hook.example.org/"});
    refused({.url = "https://hook.example.org/", .secret_file = "/nowhere"});
    refused({.url = "https://hook.example.org/", .secret_file = folder.write("empty", "")});
    refused({.url = "https://hook.example.org/", .template_file = folder.write("bad", "{\"text\": {{title}}")});
    EXPECT_NO_THROW(
        static_cast<void>(make_webhook({.url = "http://hook.example.org/", .allow_plaintext = true}, clock)));
    EXPECT_NO_THROW(static_cast<void>(make_webhook({.url = "http://[::1]:9/"}, clock)));
}

TEST(SplitUrl, NamesItsParts) {
    const auto parts = net::split_url("HTTPS://Hook.Example.org/a?b");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->scheme, "https");
    EXPECT_EQ(parts->port, 443);
    EXPECT_EQ(net::split_url("http://[::1]:81/")->host, "::1");
    EXPECT_EQ(net::split_url("http://[::1]:81/")->port, 81);
    for (const auto* const bad : {"", "/path", "ftp://x/", "http://", "http://a\r\nb/"}) {
        EXPECT_FALSE(net::split_url(bad)) << bad;
    }
}

TEST(IsLoopbackHost, KnowsThisMachineOnly) {
    for (const auto* const yes : {"localhost", "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(net::is_loopback_host(yes)) << yes;
    }
    for (const auto* const no : {"", "localhost.example.org", "10.0.0.1", "::2", "0.0.0.0", "127.0.0.1.example.org"}) {
        EXPECT_FALSE(net::is_loopback_host(no)) << no;
    }
}

} // namespace
} // namespace canhgac::alerting
