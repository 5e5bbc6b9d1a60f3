/// Batches that look like what decoders make, for tests and benchmarks of the store.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "event/batch.hpp"
#include "event/field_table.hpp"

namespace canhgac::storage::samples {

inline constexpr common::Nanos kStart = 1'795'305'600LL * common::kSecond; // 2026-11-22T00:00:00Z

/// Adds one event with `raw` and fields given as (name, text) copies.
inline void add(event::EventBatch& batch, event::FieldTable& names, common::Nanos time, std::string_view raw,
                std::initializer_list<std::pair<std::string_view, std::string_view>> fields, std::uint32_t source = 1) {
    event::Event& event = batch.begin();
    event.time = time;
    event.received = time + common::kMillisecond;
    event.raw = batch.arena().copy(raw);
    event.source = event::SourceId{source};
    event.format = event::Format::syslog;
    for (const auto& [name, text] : fields) {
        batch.add(names.intern(name), batch.arena().copy(text));
    }
    batch.finish();
}

/// Syslog lines of about 300 bytes as the RFC 5424 decoder leaves them: most values are views into the raw line.
class SyslogMaker {
public:
    SyslogMaker(event::FieldTable& names, unsigned seed) : names_(&names), random_(seed) {}
    void fill(event::EventBatch& batch, std::size_t count, common::Nanos start) {
        for (std::size_t i = 0; i < count; ++i) {
            one(batch, start + static_cast<common::Nanos>(i) * 137 * common::kMicrosecond);
        }
    }

private:
    std::uint32_t number(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
    void one(event::EventBatch& batch, common::Nanos time) {
        namespace f = event::field;
        static constexpr std::string_view kUsers[] = {"root", "admin", "ubuntu", "oracle", "nguyenvana", "tranthib"};
        const std::string stamp = common::format_rfc3339(time);
        const std::string host = fmt::format("vm-so-tttt-{:03}", number(200));
        const std::string pid = std::to_string(1000 + number(30000));
        const std::string user(kUsers[number(6)]);
        const std::string ip = fmt::format("203.{}.{}.{}", number(256), number(256), number(256));
        const std::string port = std::to_string(1024 + number(60000));
        const std::string message = fmt::format(
            "Failed password for invalid user {} from {} port {} ssh2; session {:08x}{:08x} closed by policy after "
            "{} attempts, next try allowed in {} s",
            user, ip, port, random_(), random_(), number(9), number(600));
        std::string line = fmt::format("<38>1 {} {} sshd {} - [origin ip=\"10.{}.{}.9\"] {}", stamp, host, pid,
                                       number(20), number(200), message);
        const std::string_view raw = batch.arena().copy(line);
        event::Event& event = batch.begin();
        event.time = time;
        event.received = time / common::kSecond * common::kSecond;
        event.raw = raw;
        event.source = event::SourceId{1 + number(8)};
        event.format = event::Format::syslog;
        const auto span = [&](std::string_view text) { return raw.substr(raw.find(text), text.size()); };
        batch.add(f::kSyslogFacility, "4", event::ValueType::integer);
        batch.add(f::kSyslogSeverity, "6", event::ValueType::integer);
        batch.add(f::kHostName, span(host));
        batch.add(f::kSyslogAppname, span("sshd"));
        batch.add(f::kProcessName, span("sshd"));
        batch.add(f::kSyslogProcid, raw.substr(raw.find(pid, 40), pid.size()));
        batch.add(f::kMessage, span(message));
        batch.add(f::kUserName, raw.substr(raw.find(" user ") + 6, user.size()));
        batch.add(f::kSourceIp, span(ip));
        batch.add(f::kSourcePort, raw.substr(raw.find(" port ") + 6, port.size()), event::ValueType::integer);
        batch.add(f::kOutcome, "failure");
        batch.add(f::kOrganizationName, "So Thong tin va Truyen thong");
        batch.add(f::kServiceName, "cong-dich-vu-cong");
        batch.add(f::kAssetLevel, "3", event::ValueType::integer);
        batch.finish();
    }

    event::FieldTable* names_;
    std::mt19937 random_;
};

/// Windows events of about 1.5 KB JSON with 30 fields; strings are unescaped copies, as a JSON reader leaves them.
class JsonMaker {
public:
    JsonMaker(event::FieldTable& names, unsigned seed) : names_(&names), random_(seed) {}
    void fill(event::EventBatch& batch, std::size_t count, common::Nanos start) {
        for (std::size_t i = 0; i < count; ++i) {
            one(batch, start + static_cast<common::Nanos>(i) * 1137 * common::kMicrosecond);
        }
    }

private:
    std::uint32_t number(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
    std::string guid() {
        return fmt::format("{{{:08x}-{:04x}-{:04x}-{:04x}-{:08x}{:04x}}}", random_(), number(65536), number(65536),
                           number(65536), random_(), number(65536));
    }
    static std::string escaped(std::string_view text) {
        std::string out;
        for (const char c : text) {
            if (c == '\\' || c == '"') { out += '\\'; }
            out += c;
        }
        return out;
    }
    void one(event::EventBatch& batch, common::Nanos time) {
        static constexpr std::string_view kImages[] = {R"(C:\Windows\System32\svchost.exe)",
                                                       R"(C:\Windows\System32\cmd.exe)",
                                                       R"(C:\Program Files\Google\Chrome\Application\chrome.exe)",
                                                       R"(C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe)"};
        const std::string image(kImages[number(4)]);
        std::vector<std::pair<std::string, std::string>> pairs = {
            {"Channel", "Microsoft-Windows-Sysmon/Operational"},
            {"EventID", "1"},
            {"Provider_Name", "Microsoft-Windows-Sysmon"},
            {"Computer", fmt::format("WS-{:04}.ubnd.example.vn", number(1000))},
            {"UtcTime", common::format_rfc3339(time)},
            {"ProcessGuid", guid()},
            {"ProcessId", std::to_string(number(60000))},
            {"Image", image},
            {"FileVersion", "10.0.19041.1 (WinBuild.160101.0800)"},
            {"Description", "Host Process for Windows Services"},
            {"Product", "Microsoft Windows Operating System"},
            {"Company", "Microsoft Corporation"},
            {"OriginalFileName", "svchost.exe"},
            {"CommandLine", fmt::format("{} -k netsvcs -p -s Schedule /id:{:x}", image, random_())},
            {"CurrentDirectory", R"(C:\Windows\system32\)"},
            {"User", fmt::format(R"(UBND\user{:04})", number(2000))},
            {"LogonGuid", guid()},
            {"LogonId", fmt::format("0x{:x}", random_())},
            {"TerminalSessionId", std::to_string(number(9))},
            {"IntegrityLevel", "System"},
            {"Hashes",
             fmt::format("SHA1={:08x}{:08x}{:08x}{:08x}{:08x},MD5={:08x}{:08x}{:08x}{:08x}", random_(), random_(),
                         random_(), random_(), random_(), random_(), random_(), random_(), random_())},
            {"ParentProcessGuid", guid()},
            {"ParentProcessId", std::to_string(number(60000))},
            {"ParentImage", R"(C:\Windows\System32\services.exe)"},
            {"ParentCommandLine", R"(C:\Windows\system32\services.exe)"},
            {"ParentUser", R"(NT AUTHORITY\SYSTEM)"},
            {"RuleName", "technique_id=T1543.003,technique_name=Windows Service"},
            {"Task", "1"},
            {"Opcode", "0"},
            {"RecordNumber", std::to_string(1'000'000 + sequence_++)}};
        std::string line = "{";
        for (const auto& [name, value] : pairs) {
            line += fmt::format("{}\"{}\":\"{}\"", line.size() > 1 ? "," : "", name, escaped(value));
        }
        line += "}";
        event::Event& event = batch.begin();
        event.time = time;
        event.received = time / common::kSecond * common::kSecond;
        event.raw = batch.arena().copy(line);
        event.source = event::SourceId{1 + number(4)};
        event.format = event::Format::windows_event;
        for (const auto& [name, value] : pairs) {
            batch.add(names_->intern(name), batch.arena().copy(value));
        }
        batch.add(event::field::kOrganizationName, "UBND tinh");
        batch.finish();
    }

    event::FieldTable* names_;
    std::mt19937 random_;
    std::uint32_t sequence_ = 0;
};

} // namespace canhgac::storage::samples
