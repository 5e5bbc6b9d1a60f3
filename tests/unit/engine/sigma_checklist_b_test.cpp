// Group B of the Sigma checklist: log sources, with the shipped table.
#include <gtest/gtest.h>

#include "rules/embedded.hpp"
#include "tests/unit/engine/sigma_checklist.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture
using event::Format;

constexpr std::string_view kSysmon = "Microsoft-Windows-Sysmon/Operational";

const rules::LogSourceTable& table() {
    static const rules::LogSourceTable kTable = rules::load_embedded_logsources();
    return kTable;
}

/// A rule for `f: x` of a log source.
std::string rule_for(std::string_view logsource) {
    return rule_of("  s: {f: x}\n  condition: s\n", logsource);
}

Row windows(std::string_view channel, std::string_view id, bool matches, std::vector<TestField> more = {{"f", "x"}}) {
    more.push_back({"Channel", channel});
    more.push_back({"EventID", id});
    return {std::move(more), matches, Format::windows_event};
}

TEST(SigmaChecklist, SIGMA_B7_AnyCombinationAndDefinitionIsProse) {
    const std::vector<Row> process = {windows(kSysmon, "1", true), windows(kSysmon, "3", false),
                                      windows("System", "1", false)};
    expect_routed(rule_for("{category: process_creation}"), process, table());
    expect_routed(rule_for("{product: windows, category: process_creation}"), process, table());
    expect_routed(rule_for("{product: windows, category: process_creation, service: sysmon}"), process, table());
    expect_routed(rule_for("{product: windows, category: process_creation, definition: 'service: never'}"), process,
                  table());
    expect_routed(rule_for("{product: windows, service: sysmon}"),
                  {windows(kSysmon, "1", true), windows(kSysmon, "3", true), windows("System", "1", false)}, table());
    expect_rejected(rule_for("{definition: prose}"), "'logsource' needs a product, a category or a service");
    expect_rejected(rule_for("windows"), "'logsource' must be a map");
}

TEST(SigmaChecklist, SIGMA_B8_AnAbsentAttributeMeansAny) {
    expect_routed(
        rule_for("{product: windows}"),
        {windows(kSysmon, "1", true), windows("Security", "4624", true), {{{"f", "x"}}, false, Format::syslog}},
        table());
    expect_routed(rule_for("{product: Windows, service: SECURITY}"), // names without case
                  {windows("Security", "4624", true), windows("System", "7045", false)}, table());
}

TEST(SigmaChecklist, SIGMA_B9_WindowsEventsByChannelAndId) {
    struct Case {
        const char* logsource;
        std::string_view channel;
        std::string_view id;
        std::vector<TestField> more;
    };
    const std::vector<Case> cases = {
        {"{category: process_creation}", kSysmon, "1", {}},
        {"{category: process_creation}", "Security", "4688", {}},
        {"{category: file_change}", kSysmon, "2", {}},
        {"{category: network_connection}", kSysmon, "3", {}},
        {"{category: sysmon_status}", kSysmon, "16", {}},
        {"{category: process_termination}", kSysmon, "5", {}},
        {"{category: driver_load}", kSysmon, "6", {}},
        {"{category: image_load}", kSysmon, "7", {}},
        {"{category: create_remote_thread}", kSysmon, "8", {}},
        {"{category: raw_access_thread}", kSysmon, "9", {}},
        {"{category: process_access}", kSysmon, "10", {}},
        {"{category: file_event}", kSysmon, "11", {}},
        {"{category: registry_event}", kSysmon, "14", {}},
        {"{category: registry_add}", kSysmon, "12", {{"EventType", "CreateKey"}}},
        {"{category: registry_delete}", kSysmon, "12", {{"EventType", "DeleteValue"}}},
        {"{category: registry_set}", kSysmon, "13", {}},
        {"{category: registry_rename}", kSysmon, "14", {}},
        {"{category: create_stream_hash}", kSysmon, "15", {}},
        {"{category: pipe_created}", kSysmon, "18", {}},
        {"{category: wmi_event}", kSysmon, "20", {}},
        {"{category: dns_query}", kSysmon, "22", {}},
        {"{category: file_delete}", kSysmon, "23", {}},
        {"{category: clipboard_capture}", kSysmon, "24", {}},
        {"{category: process_tampering}", kSysmon, "25", {}},
        {"{category: file_delete_detected}", kSysmon, "26", {}},
        {"{category: file_block_executable}", kSysmon, "27", {}},
        {"{category: file_block_shredding}", kSysmon, "28", {}},
        {"{category: file_executable_detected}", kSysmon, "29", {}},
        {"{category: sysmon_error}", kSysmon, "255", {}},
        {"{category: ps_module}", "Microsoft-Windows-PowerShell/Operational", "4103", {}},
        {"{category: ps_script}", "PowerShellCore/Operational", "4104", {}},
        {"{category: ps_classic_start}", "Windows PowerShell", "400", {}},
        {"{category: ps_classic_provider_start}", "Windows PowerShell", "600", {}},
        {"{category: ps_classic_script}", "Windows PowerShell", "800", {}},
        {"{category: antivirus}", "Microsoft-Windows-Windows Defender/Operational", "1116", {}},
        {"{service: security}", "Security", "4624", {}},
        {"{service: windefend}", "Microsoft-Windows-Windows Defender/Operational", "5001", {}},
        {"{service: dns-server}", "DNS Server", "150", {}},
        {"{service: applocker}", "Microsoft-Windows-AppLocker/EXE and DLL", "8004", {}},
        {"{service: openssh}", "OpenSSH/Operational", "4", {}},
    };
    for (const Case& one : cases) {
        auto fields = one.more;
        fields.push_back({"f", "x"});
        // Its own channel and id, neither with another, nor as another format.
        std::vector<Row> rows = {windows(one.channel, one.id, true, fields),
                                 windows("Some/Other", one.id, false, fields)};
        rows.push_back({rows.front().event, false, Format::json});
        expect_routed(rule_for(one.logsource), rows, table());
    }
    expect_routed(rule_for("{category: registry_add}"),
                  {windows(kSysmon, "12", false, {{"f", "x"}, {"EventType", "DeleteKey"}})}, table());
}

TEST(SigmaChecklist, SIGMA_B10_ARuleSeesNoOtherLogSource) {
    // Purely negative: every event of its log source, and of no other.
    const std::string negative = rule_of("  s: {f: x}\n  condition: not s\n", "{product: windows, service: security}");
    expect_routed(negative,
                  {windows("Security", "1102", true, {{"g", "y"}}),
                   windows("System", "1102", false, {{"g", "y"}}),
                   {{{"g", "y"}}, false, Format::syslog},
                   {{{"g", "y"}}, false, Format::json},
                   windows("Security", "1102", false, {{"f", "x"}})},
                  table());
}

TEST(SigmaChecklist, SIGMA_B11_FieldsAreMappedByEventType) {
    const std::string image = rule_of("  s: {Image|endswith: '\\cmd.exe', ParentProcessId: 7}\n  condition: s\n",
                                      "{product: windows, category: process_creation}");
    expect_routed(image,
                  {windows(kSysmon, "1", true, {{"Image", "C:\\cmd.exe"}, {"ParentProcessId", "7"}}),
                   windows("Security", "4688", true, {{"NewProcessName", "C:\\cmd.exe"}, {"ProcessId", "7"}}),
                   windows("Security", "4688", false, {{"Image", "C:\\cmd.exe"}, {"ParentProcessId", "7"}}),
                   windows("Security", "4688", false, {{"NewProcessName", "C:\\cmd.exe"}, {"NewProcessId", "7"}})},
                  table());
    // A rule of the service alone uses the event's own names.
    expect_routed(rule_of("  s: {NewProcessName|endswith: '\\cmd.exe'}\n  condition: s\n",
                          "{product: windows, service: security}"),
                  {windows("Security", "4688", true, {{"NewProcessName", "C:\\cmd.exe"}}),
                   windows("Security", "4688", false, {{"Image", "C:\\cmd.exe"}})},
                  table());
    const std::string compare = rule_of("  s: {Image|fieldref: ParentImage}\n  condition: s\n",
                                        "{product: windows, category: process_creation}");
    expect_routed(compare,
                  {windows("Security", "4688", true, {{"NewProcessName", "a"}, {"ParentProcessName", "A"}}),
                   windows("Security", "4688", false, {{"NewProcessName", "a"}, {"ParentImage", "a"}})},
                  table());
}

} // namespace
} // namespace canhgac::engine
