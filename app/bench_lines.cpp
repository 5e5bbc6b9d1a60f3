#include "app/bench_lines.hpp"

#include <array>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "common/clock.hpp"

namespace canhgac::app {

namespace {

constexpr common::Nanos kFirstLineTime = 1'795'305'600 * common::kSecond;

constexpr std::array<std::string_view, 8> kPaths = {
    "/dich-vu-cong/ho-so", "/van-ban/den/danh-sach", "/api/v2/tra-cuu/thu-tuc", "/Portals/0/tin-tuc",
    "/sso/login",          "/mot-cua/tiep-nhan",     "/static/js/main",         "/bao-cao/thong-ke/xa"};
constexpr std::array<std::string_view, 4> kAgents = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-A546E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile",
    "Googlebot/2.1 (+http://www.google.com/bot.html)"};

} // namespace

std::uint64_t LineGenerator::draw(std::uint64_t below) noexcept {
    state_ ^= state_ << 13U; // xorshift64
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return (state_ >> 11U) % below;
}

void LineGenerator::append(std::string& out) {
    const std::uint64_t kind = draw(100);
    if (kind < 45) {
        append_web(out);
    } else if (kind < 70) {
        append_firewall(out);
    } else if (kind < 85) {
        append_ssh(out);
    } else {
        append_application(out);
    }
    out += '\n';
    ++made_;
}

void LineGenerator::append_web(std::string& out) {
    const common::CivilTime t =
        common::to_civil(kFirstLineTime + static_cast<common::Nanos>(made_) * common::kMillisecond);
    fmt::format_to(
        std::back_inserter(out),
        "<190>1 {:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z web{:02}.tinh.example nginx {} - - 10.{}.{}.{} - canbo{} "
        "[{:02}/Nov/2026:{:02}:{:02}:{:02} +0000] \"GET {}-{:x}?trang={} HTTP/1.1\" 200 {} \"-\" \"{}\"",
        t.year, t.month, t.day, t.hour, t.minute, t.second, t.nanosecond / 1000, draw(40), 800 + draw(90), draw(4),
        draw(256), draw(256), draw(2000), t.day, t.hour, t.minute, t.second, kPaths[draw(kPaths.size())],
        draw(1U << 24U), draw(100), 200 + draw(90'000), kAgents[draw(kAgents.size())]);
}

void LineGenerator::append_firewall(std::string& out) {
    const common::Nanos now = kFirstLineTime + static_cast<common::Nanos>(made_) * common::kMillisecond;
    const common::CivilTime t = common::to_civil(now);
    fmt::format_to(
        std::back_inserter(out),
        "<189>date={:04}-{:02}-{:02} time={:02}:{:02}:{:02} devname=\"FGT-{:03}\" devid=\"FG100FTK2{:07}\" "
        "eventtime={} "
        "tz=\"+0000\" logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" "
        "srcip=10.{}.{}.{} srcport={} dstip=203.0.113.{} dstport=443 proto=6 service=\"HTTPS\" app=\"HTTPS.BROWSER\" "
        "appcat=\"Web.Client\" action=\"close\" policyid={} sentbyte={} "
        "rcvdbyte={} duration={}",
        t.year, t.month, t.day, t.hour, t.minute, t.second, draw(94), draw(9'999'999), now, draw(16), draw(256),
        draw(256), 1024 + draw(60'000), draw(256), draw(200), draw(1U << 20U), draw(1U << 22U), draw(300));
}

void LineGenerator::append_ssh(std::string& out) {
    const common::CivilTime t =
        common::to_civil(kFirstLineTime + static_cast<common::Nanos>(made_) * common::kMillisecond);
    const bool accepted = draw(20) != 0;
    fmt::format_to(
        std::back_inserter(out),
        "<86>1 {:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z app{:02}.tinh.example sshd {} - [meta sequenceId=\"{}\"] {} "
        "for canbo{} from 10.{}.{}.{} port {} ssh2",
        t.year, t.month, t.day, t.hour, t.minute, t.second, t.nanosecond / 1000, draw(60), 1000 + draw(30'000), made_,
        accepted ? "Accepted publickey" : "Failed password", draw(2000), draw(16), draw(256), draw(256),
        1024 + draw(60'000));
}

void LineGenerator::append_application(std::string& out) {
    const common::CivilTime t =
        common::to_civil(kFirstLineTime + static_cast<common::Nanos>(made_) * common::kMillisecond);
    fmt::format_to(
        std::back_inserter(out),
        "<134>1 {:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z qlvb{:02}.tinh.example qlvbdh {} AUDIT [canhgac@32473 "
        "nguoiDung=\"canbo{}\" donVi=\"so-{:02}\" phien=\"{:016x}\"] Mo van ban so {}/UBND-VP ngay {:02}/11/2026, dia "
        "chi "
        "10.{}.{}.{}, ket qua thanh cong, trinh duyet Chrome/128 Windows 10, thoi gian xu ly {} ms, ma yeu cau {:016x}",
        t.year, t.month, t.day, t.hour, t.minute, t.second, t.nanosecond / 1000, draw(4), 300 + draw(50), draw(2000),
        draw(20), draw(1ULL << 52U), draw(9000), 1 + draw(28), draw(16), draw(256), draw(256), draw(900),
        draw(1ULL << 52U));
}

} // namespace canhgac::app
