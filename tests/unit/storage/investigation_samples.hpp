/// A day of a small estate with an intrusion in it: what docs/reference/query.md and the examples of the query language
/// are run over. 2026-11-22, UTC; searches are made at its end.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/unit/storage/query_samples.hpp"

namespace canhgac::storage {

inline constexpr const char* kSampleShell = "{94ec1569-bfff-11e1-9b48-b23c307236c8}";
inline constexpr const char* kSampleMd5 = "44d88612fea8a8f36de82e1278abb02f";
inline constexpr common::Nanos kSampleNow = 1'795'392'000LL * common::kSecond; // 2026-11-23T00:00:00Z

class InvestigationDay {
public:
    /// By time, oldest first.
    static std::vector<SampleEvent> events() {
        InvestigationDay day;
        day.logons();
        day.processes();
        day.network();
        day.administration();
        std::stable_sort(day.events_.begin(), day.events_.end(),
                         [](const SampleEvent& a, const SampleEvent& b) { return a.time < b.time; });
        return std::move(day.events_);
    }

private:
    using Fields = std::vector<std::pair<std::string, std::string>>;
    static constexpr const char* kSecurity = "Security";
    static constexpr const char* kSysmon = "Microsoft-Windows-Sysmon/Operational";

    static common::Nanos at(const std::string& clock) { return *common::parse_rfc3339("2026-11-22T" + clock + "Z", 0); }
    void add(common::Nanos time, const std::string& host, const Fields& fields) {
        SampleEvent event{time, {{"host.name", host}}, host};
        for (const auto& [name, text] : fields) {
            const bool number = name == "EventID" || name == "LogonType";
            event.fields.push_back({name, text, number ? event::ValueType::integer : event::ValueType::string});
            event.raw += " " + name + "=" + text;
        }
        events_.push_back(std::move(event));
    }
    void windows(common::Nanos time, const std::string& host, const std::string& channel, int id, Fields fields) {
        fields.insert(fields.begin(), {{"Computer", host}, {"Channel", channel}, {"EventID", std::to_string(id)}});
        add(time, host, fields);
    }

    void logon(common::Nanos time, int id, const std::string& host, const std::string& user, const std::string& from,
               int type = 3) {
        windows(time, host, kSecurity, id,
                {{"TargetUserName", user}, {"IpAddress", from}, {"LogonType", std::to_string(type)}});
    }
    void logons() {
        for (int i = 0; i < 16; ++i) { // one password, many users
            logon(at("20:00:00") + i * 10 * common::kSecond, 4625, "DC01", fmt::format("user{:02}", i), "203.0.113.9");
        }
        for (int i = 0; i < 8; ++i) { // many passwords, one user
            logon(at("21:00:00") + i * 30 * common::kSecond, 4625, "DC01", "an", "198.51.100.7");
        }
        logon(at("21:04:00"), 4624, "DC01", "an", "198.51.100.7", 10);
        for (int hour = 1; hour < 9; ++hour) {
            logon(at(fmt::format("{:02}:00:00", hour)), 4624, "WS1", "binh", "10.0.0.21", 2);
            logon(at(fmt::format("{:02}:30:00", hour)), 4624, "FS01", "WS1$", "10.0.0.21");
        }
        logon(at("06:10:00"), 4625, "WS1", "binh", "10.0.0.21", 2);
        for (int i = 0; i < 11; ++i) { // from host to host
            logon(at("23:10:00") + i * common::kMinute, 4624, fmt::format("SRV{:02}", i), "svc_backup", "10.0.0.5");
        }
        for (int i = 0; i < 5; ++i) {
            const std::string user = i < 3 ? "root" : "admin";
            add(at("03:00:00") + i * common::kSecond, "WEB1",
                {{"process.name", "sshd"},
                 {"message", fmt::format("Failed password for {} from 203.0.113.77 port {} ssh2", user, 40'000 + i)}});
        }
        add(at("03:01:00"), "WEB1", {{"process.name", "sshd"}, {"message", "Connection closed by 10.0.0.5"}});
    }

    void process(const std::string& clock, const std::string& host, const std::string& user, const std::string& id,
                 const std::string& parent, const std::string& parent_image, const std::string& image,
                 const std::string& command, const std::string& md5 = "0cc175b9c0f1b6a831c399e269772661") {
        windows(at(clock), host, kSysmon, 1,
                {{"User", "UBND\\" + user},
                 {"user.name", user},
                 {"ProcessGuid", id},
                 {"ParentProcessGuid", parent},
                 {"ParentImage", parent_image},
                 {"Image", image},
                 {"CommandLine", command},
                 {"Hashes", "MD5=" + md5 + ",IMPHASH=" + md5}});
    }
    void processes() {
        const std::string explorer = "C:\\Windows\\explorer.exe";
        const std::string chrome = "C:\\Program Files\\Google\\Chrome\\chrome.exe";
        for (int i = 1; i <= 4; ++i) {
            const std::string host = fmt::format("WS{}", i);
            process(fmt::format("08:0{}:00", i), host, fmt::format("user0{}", i), fmt::format("{{c-{}}}", i),
                    fmt::format("{{e-{}}}", i), explorer, chrome, "chrome.exe");
        }
        const std::string word = "C:\\Program Files\\Office\\WINWORD.EXE";
        const std::string shell = "C:\\Windows\\System32\\cmd.exe";
        const std::string power = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
        const std::string code = "JABjAGwAaQBlAG4AdAAgAD0AIABOAGUAdwAtAE8AYgBqAGUAYwB0ACAAUwB5AHMAdABlAG0ALgBOAGUAdAA=";
        process("09:00:00", "WS1", "an", "{w-1}", "{e-1}", explorer, word, "WINWORD.EXE cong-van.docm");
        process("09:01:00", "WS1", "an", kSampleShell, "{w-1}", word, shell, "cmd.exe /c start.cmd");
        process("09:01:02", "WS1", "an", "{p-1}", kSampleShell, shell, power, "powershell.exe -nop -enc " + code);
        process("09:01:30", "WS1", "an", "{u-1}", "{p-1}", power, "C:\\Users\\Public\\up.exe", "up.exe", kSampleMd5);
        process("09:02:00", "WS1", "an", "{n-1}", kSampleShell, shell, "C:\\Windows\\System32\\whoami.exe",
                "whoami /all");
        process("09:30:00", "WS2", "user02", "{p-2}", "{e-2}", explorer, power, "powershell.exe -enc short");
        const auto access = [this](const std::string& clock, const std::string& source, const std::string& granted) {
            windows(at(clock), "WS1", kSysmon, 10,
                    {{"SourceImage", source},
                     {"TargetImage", "C:\\Windows\\System32\\lsass.exe"},
                     {"GrantedAccess", granted}});
        };
        access("09:05:00", "C:\\Users\\Public\\up.exe", "0x1410");
        access("09:05:01", "C:\\Users\\Public\\up.exe", "0x143A");
        access("09:05:02", "C:\\Windows\\System32\\svchost.exe", "0x1000");
        access("09:06:00", "C:\\ProgramData\\Defender\\MsMpEng.exe", "0x1410");
    }

    void network() {
        const auto connection = [this](common::Nanos time, const std::string& host, const std::string& user,
                                       const std::string& id, const std::string& image, const std::string& to) {
            windows(time, host, kSysmon, 3,
                    {{"user.name", user}, {"ProcessGuid", id}, {"Image", image}, {"DestinationIp", to}});
        };
        connection(at("09:01:01"), "WS1", "an", kSampleShell, "C:\\Windows\\System32\\cmd.exe", "203.0.113.50");
        common::Nanos time = at("10:00:00");
        for (int i = 0; i < 60; ++i) { // every minute, give or take
            connection(time, "WS1", "an", "{u-1}", "C:\\Users\\Public\\up.exe", "203.0.113.50");
            time += common::kMinute + (i % 3 - 1) * 2 * common::kSecond;
        }
        for (int i = 0; i < 55; ++i) { // as people click
            connection(at("12:00:00") + i * i * common::kSecond, "WS2", "user02", "{c-2}",
                       "C:\\Program Files\\Google\\Chrome\\chrome.exe", "192.0.2.80");
        }
        for (int i = 0; i < 520; ++i) {
            windows(at("14:00:00") + i * common::kSecond, "WS2", kSysmon, 22,
                    {{"RuleName", "dns"},
                     {"QueryName",
                      fmt::format("{:08x}{:08x}{:08x}{:08x}.t.tunnel.example", i * 2654435761U, i * 40503U, i, ~i)}});
        }
        for (int i = 0; i < 30; ++i) {
            windows(at("15:00:00") + i * common::kMinute, "WS3", kSysmon, 22,
                    {{"RuleName", "dns"}, {"QueryName", fmt::format("www{}.tinh.gov.vn", i % 3)}});
        }
    }

    void administration() {
        windows(at("22:30:00"), "FS01", "System", 7045,
                {{"ServiceName", "upd"}, {"ImagePath", "C:\\Windows\\upd.exe"}});
        windows(at("22:30:20"), "FS01", kSecurity, 4688,
                {{"ParentImage", "C:\\Windows\\System32\\services.exe"}, {"Image", "C:\\Windows\\upd.exe"}});
        windows(at("11:00:00"), "FS02", "System", 7045, {{"ServiceName", "printer"}, {"ImagePath", "C:\\p.exe"}});
        windows(at("11:10:00"), "FS02", kSecurity, 4688,
                {{"ParentImage", "C:\\Windows\\System32\\services.exe"}, {"Image", "C:\\p.exe"}});
        windows(at("21:10:00"), "DC01", kSecurity, 4720,
                {{"TargetSid", "S-1-5-21-1105"}, {"TargetUserName", "support2"}});
        windows(at("21:11:00"), "DC01", kSecurity, 4732,
                {{"TargetSid", "S-1-5-21-1105"}, {"GroupName", "Administrators"}});
        windows(at("10:10:00"), "DC01", kSecurity, 4720, {{"TargetSid", "S-1-5-21-1099"}, {"TargetUserName", "hoa"}});
        windows(at("21:50:00"), "DC01", kSecurity, 4672, {{"SubjectUserName", "support2"}});
        windows(at("21:55:00"), "DC01", kSecurity, 4672, {{"SubjectUserName", "support2"}});
        windows(at("21:58:00"), "WS4", kSecurity, 4672, {{"SubjectUserName", "user04"}});
        windows(at("22:00:00"), "DC01", kSecurity, 1102, {{"SubjectUserName", "support2"}});
        add(at("01:00:00"), "FW1", {{"message", "session closed"}, {"tags", "firewall"}, {"tags", "outbound"}});
        add(at("23:59:00"), "FW1", {{"message", "session closed"}, {"tags", "firewall"}});
    }

    std::vector<SampleEvent> events_;
};

} // namespace canhgac::storage
