// Built-in pipelines: a rule in foreign names and an event of ours meet, in the fast matcher and in the plain
// evaluator; without the pipeline they do not.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/match_worker.hpp"
#include "engine/plain_evaluator.hpp"
#include "engine/rule_set.hpp"
#include "rules/embedded.hpp"
#include "rules/pipeline/pipeline.hpp"
#include "tests/unit/engine/engine_fixture.hpp"

namespace canhgac::engine {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Case {
    const char* pipeline;
    const char* logsource; ///< of the rule
    const char* detection; ///< the selection, as a flow map or list
    event::Format format;
    Fields hit;
    Fields near_miss;
};

/// Both readings of the rule; they must agree.
bool matches(const Case& one, const Fields& fields, bool with_pipeline) {
    rules::ReadOptions options;
    if (with_pipeline) {
        auto chain = rules::load_pipelines({one.pipeline});
        EXPECT_TRUE(chain.has_value()) << rules::to_string(chain.error().front());
        options.pipelines = *chain;
    }
    const std::string text = "title: T\nid: r1\nlogsource: {" + std::string(one.logsource) +
                             "}\ndetection:\n  s: " + one.detection + "\n  condition: s\n";
    const auto read = rules::read_text("t.yml", text, options);
    EXPECT_TRUE(read.rejected.empty()) << rules::to_string(read.rejected.front());
    event::FieldTable table;
    event::EventBatch batch;
    event::Event& event = batch.begin();
    event.format = one.format;
    for (const auto& [name, value] : fields) {
        batch.add(table.intern(name), value);
    }
    batch.finish();
    const auto logsources = rules::load_embedded_logsources();
    auto compiled = compile({read.rules, {}, logsources}, table);
    EXPECT_TRUE(compiled.rejected.empty());
    MatchWorker worker(compiled.rules);
    std::vector<event::Detection> detections;
    worker.match(batch, detections);
    const PlainEvaluator plain(read.rules, logsources, table);
    EXPECT_EQ(detections.empty(), plain.match(batch, batch.events().front()).empty()) << one.detection;
    return !detections.empty();
}

constexpr event::Format kWindows = event::Format::windows_event;
const std::pair<std::string, std::string> kSysmon{"Channel", "Microsoft-Windows-Sysmon/Operational"};

std::vector<Case> cases() {
    return {
        {"winlogbeat",
         "product: windows, service: sysmon",
         "{winlog.event_id: 1, winlog.event_data.Image|endswith: '\\x.exe'}",
         kWindows,
         {kSysmon, {"EventID", "1"}, {"Image", "C:\\x.exe"}},
         {kSysmon, {"EventID", "1"}, {"Image", "C:\\y.exe"}}},
        {"winlogbeat",
         "product: windows, service: system",
         "{winlog.provider_name: Service Control Manager, winlog.event_id: 7045}",
         kWindows,
         {{"Channel", "System"}, {"Provider_Name", "Service Control Manager"}, {"EventID", "7045"}},
         {{"Channel", "System"}, {"Provider_Name", "Service Control Manager"}, {"EventID", "7036"}}},
        {"ecs_windows",
         "product: windows, category: process_creation",
         "{process.name: certutil.exe, process.command_line|contains: urlcache, process.parent.name: [cmd.exe, "
         "powershell.exe]}",
         kWindows,
         {kSysmon,
          {"EventID", "1"},
          {"Image", "C:\\Windows\\System32\\certutil.exe"},
          {"CommandLine", "certutil -urlcache -f http://x"},
          {"ParentImage", "C:\\Windows\\System32\\cmd.exe"}},
         {kSysmon,
          {"EventID", "1"},
          {"Image", "C:\\notcertutil.exe"},
          {"CommandLine", "certutil -urlcache -f http://x"},
          {"ParentImage", "C:\\Windows\\System32\\cmd.exe"}}},
        {"ecs_windows",
         "product: windows, category: process_creation",
         "{process.hash.md5: 987B65CD9B9F4E9A1AFD8F8B48CF64A7}",
         kWindows,
         {kSysmon, {"EventID", "1"}, {"Hashes", "SHA1=00,MD5=987B65CD9B9F4E9A1AFD8F8B48CF64A7,IMPHASH=1"}},
         {kSysmon, {"EventID", "1"}, {"Hashes", "SHA1=987B65CD9B9F4E9A1AFD8F8B48CF64A7"}}},
        {"ecs_windows",
         "product: windows, category: image_load",
         "{file.name: evil.dll, process.executable|contains: '\\Temp\\'}",
         kWindows,
         {kSysmon, {"EventID", "7"}, {"ImageLoaded", "C:\\a\\evil.dll"}, {"Image", "C:\\Temp\\a.exe"}},
         {kSysmon, {"EventID", "7"}, {"ImageLoaded", "C:\\a\\good.dll"}, {"Image", "C:\\Temp\\evil.dll"}}},
        {"ecs_windows",
         "product: windows, category: file_event",
         "{file.extension: [lnk, hta], file.path|contains: '\\Startup\\'}",
         kWindows,
         {kSysmon, {"EventID", "11"}, {"TargetFilename", "C:\\Startup\\x.hta"}},
         {kSysmon, {"EventID", "11"}, {"TargetFilename", "C:\\Startup\\hta"}}},
        {"ecs_windows",
         "product: windows, category: registry_set",
         "{registry.path|contains: '\\CurrentVersion\\Run\\', registry.value: evil}",
         kWindows,
         {kSysmon,
          {"EventID", "13"},
          {"TargetObject", "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\evil"}},
         {kSysmon,
          {"EventID", "13"},
          {"TargetObject", "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\evil2"}}},
        {"ecs_windows",
         "product: windows, category: dns_query",
         "{dns.question.name|endswith: .onion}",
         kWindows,
         {kSysmon, {"EventID", "22"}, {"QueryName", "a.onion"}},
         {kSysmon, {"EventID", "22"}, {"QueryName", "a.org"}}},
        {"nxlog",
         "product: windows, service: security",
         "{SourceName: Microsoft-Windows-Security-Auditing, Hostname: DC1, EventID: 4625}",
         kWindows,
         {{"Channel", "Security"},
          {"Provider_Name", "Microsoft-Windows-Security-Auditing"},
          {"Computer", "dc1"},
          {"EventID", "4625"}},
         {{"Channel", "Security"},
          {"Provider_Name", "Microsoft-Windows-Security-Auditing"},
          {"Computer", "dc2"},
          {"EventID", "4625"}}},
        {"windows-audit",
         "product: windows, service: security",
         "{EventID: 4688, NewProcessName|endswith: '\\whoami.exe', ProcessId: '0x10'}",
         kWindows,
         {kSysmon, {"EventID", "1"}, {"Image", "C:\\whoami.exe"}, {"ParentProcessId", "0x10"}},
         {kSysmon, {"EventID", "5"}, {"Image", "C:\\whoami.exe"}, {"ParentProcessId", "0x10"}}},
        {"windows-audit",
         "product: windows, service: security",
         "{EventID: '4689', ProcessName|endswith: '\\agent.exe'}",
         kWindows,
         {kSysmon, {"EventID", "5"}, {"Image", "C:\\agent.exe"}},
         {kSysmon, {"EventID", "1"}, {"Image", "C:\\agent.exe"}}},
        {"windows-audit",
         "product: windows, service: security",
         "{EventID: 4657, ObjectName: '\\REGISTRY\\MACHINE\\SOFTWARE\\Run', ObjectValueName: evil, NewValue|contains: "
         ".exe}",
         kWindows,
         {kSysmon, {"EventID", "13"}, {"TargetObject", "HKLM\\SOFTWARE\\Run\\evil"}, {"Details", "C:\\a.exe"}},
         {kSysmon, {"EventID", "13"}, {"TargetObject", "HKLM\\SOFTWARE\\RunOnce\\evil"}, {"Details", "C:\\a.exe"}}},
        {"windows-audit",
         "product: windows, service: security",
         "{EventID: 5156, Application: '\\device\\harddiskvolume2\\windows\\a.exe', DestPort: 4444, Protocol: 6, "
         "Direction: '%%14593'}",
         kWindows,
         {kSysmon,
          {"EventID", "3"},
          {"Image", "C:\\Windows\\a.exe"},
          {"DestinationPort", "4444"},
          {"Protocol", "tcp"},
          {"Initiated", "true"}},
         {kSysmon,
          {"EventID", "3"},
          {"Image", "C:\\Windows\\a.exe"},
          {"DestinationPort", "4444"},
          {"Protocol", "udp"},
          {"Initiated", "true"}}},
        {"linux-auditd",
         "product: linux, service: auditd",
         "{process.executable: /usr/bin/nc, auditd.data.syscall: connect, auditd.result: success}",
         event::Format::auditd,
         {{"type", "SYSCALL"}, {"exe", "/usr/bin/nc"}, {"syscall", "connect"}, {"success", "yes"}},
         {{"type", "SYSCALL"}, {"exe", "/usr/bin/nc"}, {"syscall", "connect"}, {"success", "no"}}},
        {"linux-auditd",
         "product: linux, category: process_creation",
         "{Image|endswith: /nc}",
         event::Format::auditd,
         {{"type", "SYSCALL"}, {"exe", "/usr/bin/nc"}},
         {{"type", "PATH"}, {"exe", "/usr/bin/nc"}}},
        {"fortigate",
         "product: fortinet",
         "{fortinet.firewall.subtype: vpn, source.ip|cidr: 203.0.113.0/24, event.action: tunnel-up}",
         event::Format::fortigate,
         {{"type", "event"}, {"subtype", "vpn"}, {"srcip", "203.0.113.9"}, {"action", "tunnel-up"}},
         {{"type", "event"}, {"subtype", "vpn"}, {"srcip", "198.51.100.9"}, {"action", "tunnel-up"}}},
        {"fortigate",
         "product: fortinet, category: firewall",
         "{FTNTFGTpolicyid: 7, dst: 10.0.0.1, act: accept}",
         event::Format::fortigate,
         {{"type", "traffic"}, {"policyid", "7"}, {"dstip", "10.0.0.1"}, {"action", "accept"}},
         {{"type", "event"}, {"policyid", "7"}, {"dstip", "10.0.0.1"}, {"action", "accept"}}},
        {"web",
         "category: webserver",
         "{url.path|contains: /etc/passwd, http.request.method: GET, http.version: '1.1'}",
         event::Format::access_log,
         {{"cs-uri-stem", "/../etc/passwd"}, {"cs-method", "GET"}, {"cs-version", "HTTP/1.1"}},
         {{"cs-uri-stem", "/../etc/passwd"}, {"cs-method", "GET"}, {"cs-version", "HTTP/1.0"}}},
        {"web",
         "product: nginx",
         "{request_uri|contains: union, status: 200, remote_addr|cidr: 203.0.113.0/24}",
         event::Format::access_log,
         {{"c-uri", "/?q=1 union"}, {"sc-status", "200"}, {"c-ip", "203.0.113.5"}},
         {{"c-uri", "/?q=1 union"}, {"sc-status", "404"}, {"c-ip", "203.0.113.5"}}},
        {"web",
         "product: apache",
         "{clientip: 203.0.113.5, verb: POST, agent|startswith: sqlmap}",
         event::Format::access_log,
         {{"c-ip", "203.0.113.5"}, {"cs-method", "POST"}, {"cs-user-agent", "sqlmap/1.7"}},
         {{"c-ip", "203.0.113.5"}, {"cs-method", "POST"}, {"cs-user-agent", "curl sqlmap"}}},
        {"web",
         "product: windows, service: iis",
         "{c-uri-stem|endswith: .aspx, 'cs(User-Agent)|contains': python}",
         event::Format::access_log,
         {{"cs-uri-stem", "/x.aspx"}, {"cs-user-agent", "python-requests"}},
         {{"cs-uri-stem", "/x.asp"}, {"cs-user-agent", "python-requests"}}},
    };
}

TEST(BuiltInPipelines, RulesInForeignNamesMeetOurEvents) {
    for (const auto& one : cases()) {
        const std::string what = std::string(one.pipeline) + ": " + one.detection;
        EXPECT_TRUE(matches(one, one.hit, true)) << what;
        EXPECT_FALSE(matches(one, one.near_miss, true)) << what;
        EXPECT_FALSE(matches(one, one.hit, false)) << what << " (without the pipeline)";
    }
}

TEST(BuiltInPipelines, EachHasACase) {
    for (const auto& name : rules::built_in_pipelines()) {
        const auto all = cases();
        EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Case& one) { return name == one.pipeline; })) << name;
    }
}

/// They may be used together, and leave rules alone that are written in our names.
TEST(BuiltInPipelines, LeaveThePackAsItIs) {
    rules::ReadOptions options;
    auto chain = rules::load_pipelines({"winlogbeat", "ecs_windows", "nxlog", "linux-auditd", "fortigate"});
    ASSERT_TRUE(chain.has_value());
    options.pipelines = *chain;
    const auto plain = rules::read_embedded_pack();
    const auto changed = rules::read_embedded_pack(options);
    ASSERT_EQ(plain.rules.size(), changed.rules.size());
    for (std::size_t i = 0; i < plain.rules.size(); ++i) {
        EXPECT_EQ(plain.rules[i].predicates, changed.rules[i].predicates) << plain.rules[i].id;
        EXPECT_EQ(plain.rules[i].logsource, changed.rules[i].logsource) << plain.rules[i].id;
    }
    for (const auto& use : changed.pipelines) {
        for (const auto& warning : use.warnings) {
            EXPECT_EQ(warning.message.find("loop"), std::string::npos) << rules::to_string(warning);
        }
    }
}

} // namespace
} // namespace canhgac::engine
