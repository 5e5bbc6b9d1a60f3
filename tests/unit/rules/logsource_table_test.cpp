#include "rules/logsource_table.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/embedded.hpp"

namespace canhgac::rules {
namespace {

using Fields = std::map<std::string, std::string>;

bool same(std::string_view left, std::string_view right) {
    return contains(LogSource{std::string(left), "", ""}, LogSource{std::string(right), "", ""});
}

bool holds(const LogSourceEntry& entry, event::Format format, const Fields& fields) {
    if (!entry.formats.empty() &&
        std::find(entry.formats.begin(), entry.formats.end(), format) == entry.formats.end()) {
        return false;
    }
    return std::all_of(entry.conditions.begin(), entry.conditions.end(), [&](const LogSourceCondition& condition) {
        const auto found = fields.find(condition.field);
        return found != fields.end() && std::any_of(condition.values.begin(), condition.values.end(),
                                                    [&](const auto& value) { return same(value, found->second); });
    });
}

/// "product/category/service" of every class that remains, as the header defines it.
std::set<std::string> classes(event::Format format, const Fields& fields) {
    static const LogSourceTable kTable = load_embedded_logsources();
    std::vector<LogSource> held;
    for (const auto& entry : kTable) {
        const auto found = std::find(held.begin(), held.end(), entry.logsource);
        if (holds(entry, format, fields) && found == held.end()) { held.push_back(entry.logsource); }
    }
    std::set<std::string> names;
    for (const auto& one : held) {
        const bool is_covered = std::any_of(held.begin(), held.end(),
                                            [&](const auto& other) { return one != other && contains(one, other); });
        if (!is_covered) { names.insert(one.product + "/" + one.category + "/" + one.service); }
    }
    return names;
}

std::set<std::string> windows(std::string channel, std::string id, std::string type = "") {
    Fields fields{{"Channel", std::move(channel)}, {"EventID", std::move(id)}};
    if (!type.empty()) { fields["EventType"] = std::move(type); }
    return classes(event::Format::windows_event, fields);
}

using Names = std::set<std::string>;
constexpr const char* kSysmon = "Microsoft-Windows-Sysmon/Operational";

TEST(LogSourceTable, SIGMA_B9_WindowsEventsHaveTheirClass) {
    EXPECT_EQ(windows(kSysmon, "1"), Names{"windows/process_creation/sysmon"});
    EXPECT_EQ(windows("Security", "4688"), Names{"windows/process_creation/security"});
    EXPECT_EQ(windows("security", "4624"), Names{"windows//security"});
    EXPECT_EQ(windows(kSysmon, "12", "CreateKey"),
              (Names{"windows/registry_add/sysmon", "windows/registry_event/sysmon"}));
    EXPECT_EQ(windows(kSysmon, "12", "DeleteValue"),
              (Names{"windows/registry_delete/sysmon", "windows/registry_event/sysmon"}));
    EXPECT_EQ(windows(kSysmon, "13", "SetValue"),
              (Names{"windows/registry_set/sysmon", "windows/registry_event/sysmon"}));
    EXPECT_EQ(windows(kSysmon, "16"), Names{"windows/sysmon_status/sysmon"});
    EXPECT_EQ(windows(kSysmon, "200"), Names{"windows//sysmon"});
    EXPECT_EQ(windows("PowerShellCore/Operational", "4104"), Names{"windows/ps_script/powershell"});
    EXPECT_EQ(windows("Windows PowerShell", "600"), Names{"windows/ps_classic_provider_start/powershell-classic"});
    EXPECT_EQ(windows("Microsoft-Windows-Windows Defender/Operational", "1116"), Names{"windows/antivirus/windefend"});
    EXPECT_EQ(windows("Microsoft-Windows-Windows Defender/Operational", "5001"), Names{"windows//windefend"});
    EXPECT_EQ(windows("Microsoft-Windows-AppLocker/EXE and DLL", "8004"), Names{"windows//applocker"});
    EXPECT_EQ(windows("Microsoft-Windows-LDAP-Client/Debug", "30"), (Names{"windows//ldap", "windows//ldap_debug"}));
    EXPECT_EQ(windows("Something/Else", "1"), Names{"windows//"});
}

TEST(LogSourceTable, SIGMA_B11_AliasesOfSecurity4688) {
    const auto table = load_embedded_logsources();
    const auto found = std::find_if(table.begin(), table.end(), [](const LogSourceEntry& entry) {
        return entry.logsource == LogSource{"windows", "process_creation", "security"};
    });
    ASSERT_NE(found, table.end());
    EXPECT_THAT(found->aliases, testing::UnorderedElementsAre(FieldAlias{"Image", "NewProcessName"},
                                                              FieldAlias{"ParentImage", "ParentProcessName"},
                                                              FieldAlias{"ProcessId", "NewProcessId"},
                                                              FieldAlias{"ParentProcessId", "ProcessId"},
                                                              FieldAlias{"LogonId", "SubjectLogonId"}));
}

TEST(LogSourceTable, OtherFormats) {
    using event::Format;
    EXPECT_EQ(classes(Format::syslog, {{"log.syslog.appname", "sshd"}}),
              (Names{"linux//auth", "linux//sshd", "linux//syslog"}));
    EXPECT_EQ(classes(Format::syslog, {{"log.syslog.appname", "CRON"}}), (Names{"linux//cron", "linux//syslog"}));
    EXPECT_EQ(classes(Format::syslog, {}), Names{"linux//syslog"});
    EXPECT_EQ(classes(Format::auditd, {}), Names{"linux//auditd"});
    EXPECT_EQ(classes(Format::syslog, {{"log.syslog.appname", "zimbra"}}), (Names{"linux//syslog", "zimbra//"}));
    EXPECT_EQ(classes(Format::key_value, {{"log.syslog.appname", "keycloak"}}), Names{"keycloak//"});
    EXPECT_EQ(classes(Format::access_log, {}), Names{"/webserver/"});
    EXPECT_EQ(classes(Format::access_log, {{"log.syslog.appname", "nginx"}}), Names{"/webserver/nginx"});
    EXPECT_EQ(classes(Format::fortigate, {{"type", "event"}, {"subtype", "vpn"}}),
              (Names{"fortigate//event", "fortios//sslvpnd"}));
    EXPECT_EQ(classes(Format::fortigate, {{"type", "traffic"}}), Names{"fortigate/firewall/traffic"});
    EXPECT_EQ(classes(Format::json, {{"Channel", "Security"}}), Names{});
}

TEST(LogSourceTable, SIGMA_B8_ContainmentOfARulesLogSource) {
    const LogSource sysmon_one{"windows", "process_creation", "sysmon"};
    EXPECT_TRUE(contains({"windows", "process_creation", ""}, sysmon_one));
    EXPECT_TRUE(contains({"", "", ""}, sysmon_one));
    EXPECT_TRUE(contains({"Windows", "", "sysmon"}, sysmon_one));
    EXPECT_FALSE(contains({"linux", "process_creation", ""}, sysmon_one));
    EXPECT_FALSE(contains({"windows", "process_creation", "security"}, sysmon_one));
    EXPECT_FALSE(contains({"windows", "", "security"}, {"windows", "", ""}));
}

TEST(LogSourceTable, MistakesHaveTheirLine) {
    const auto error = [](std::string_view text) {
        const auto table = parse_logsource_table("t.yaml", text);
        return table ? std::string("none") : std::to_string(table.error().at.line) + " " + table.error().message;
    };
    EXPECT_EQ(error("entries:\n  - {category: x}\n"), "none");
    EXPECT_EQ(error("product: x\nentry: []\n"), "2 unknown key 'entry'");
    EXPECT_EQ(error("entries:\n  - {category: x, wen: {}}\n"), "2 unknown key 'wen'");
    EXPECT_EQ(error("formats: [xml]\nentries: []\n"), "1 unknown format 'xml'");
    EXPECT_EQ(error("entries:\n  - {}\n"), "2 an entry needs a product, a category or a service");
    EXPECT_EQ(error("entries:\n  - {service: x, when: {a: []}}\n"), "2 expected at least one value");
    EXPECT_EQ(error("product: x\n"), "1 expected a list 'entries'");
    EXPECT_EQ(error("a: 1\na: 2\n"), "2 key 'a' appears twice; first in line 1");
}

} // namespace
} // namespace canhgac::rules
