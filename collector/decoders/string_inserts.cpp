#include "collector/decoders/string_inserts.hpp"

#include <algorithm>
#include <array>

namespace canhgac::collector {

namespace {

using Names = std::span<const std::string_view>;

constexpr auto kLogon = std::to_array<std::string_view>({"SubjectUserSid",
                                                         "SubjectUserName",
                                                         "SubjectDomainName",
                                                         "SubjectLogonId",
                                                         "TargetUserSid",
                                                         "TargetUserName",
                                                         "TargetDomainName",
                                                         "TargetLogonId",
                                                         "LogonType",
                                                         "LogonProcessName",
                                                         "AuthenticationPackageName",
                                                         "WorkstationName",
                                                         "LogonGuid",
                                                         "TransmittedServices",
                                                         "LmPackageName",
                                                         "KeyLength",
                                                         "ProcessId",
                                                         "ProcessName",
                                                         "IpAddress",
                                                         "IpPort",
                                                         "ImpersonationLevel",
                                                         "RestrictedAdminMode",
                                                         "TargetOutboundUserName",
                                                         "TargetOutboundDomainName",
                                                         "VirtualAccount",
                                                         "TargetLinkedLogonId",
                                                         "ElevatedToken"});
constexpr auto kLogonFailed = std::to_array<std::string_view>({"SubjectUserSid",
                                                               "SubjectUserName",
                                                               "SubjectDomainName",
                                                               "SubjectLogonId",
                                                               "TargetUserSid",
                                                               "TargetUserName",
                                                               "TargetDomainName",
                                                               "Status",
                                                               "FailureReason",
                                                               "SubStatus",
                                                               "LogonType",
                                                               "LogonProcessName",
                                                               "AuthenticationPackageName",
                                                               "WorkstationName",
                                                               "TransmittedServices",
                                                               "LmPackageName",
                                                               "KeyLength",
                                                               "ProcessId",
                                                               "ProcessName",
                                                               "IpAddress",
                                                               "IpPort"});
constexpr auto kExplicitLogon = std::to_array<std::string_view>(
    {"SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "LogonGuid", "TargetUserName",
     "TargetDomainName", "TargetLogonGuid", "TargetServerName", "TargetInfo", "ProcessId", "ProcessName", "IpAddress",
     "IpPort"});
constexpr auto kSpecialPrivileges = std::to_array<std::string_view>(
    {"SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "PrivilegeList"});
constexpr auto kProcessCreation = std::to_array<std::string_view>(
    {"SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "NewProcessId", "NewProcessName",
     "TokenElevationType", "ProcessId", "CommandLine", "TargetUserSid", "TargetUserName", "TargetDomainName",
     "TargetLogonId", "ParentProcessName", "MandatoryLabel"});
constexpr auto kServiceInstalled = std::to_array<std::string_view>(
    {"SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "ServiceName", "ServiceFileName",
     "ServiceType", "ServiceStartType", "ServiceAccount"});
constexpr auto kTask = std::to_array<std::string_view>(
    {"SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "TaskName", "TaskContent"});
constexpr auto kUserCreated = std::to_array<std::string_view>(
    {"TargetUserName",    "TargetDomainName", "TargetSid",          "SubjectUserSid", "SubjectUserName",
     "SubjectDomainName", "SubjectLogonId",   "PrivilegeList",      "SamAccountName", "DisplayName",
     "UserPrincipalName", "HomeDirectory",    "HomePath",           "ScriptPath",     "ProfilePath",
     "UserWorkstations",  "PasswordLastSet",  "AccountExpires",     "PrimaryGroupId", "AllowedToDelegateTo",
     "OldUacValue",       "NewUacValue",      "UserAccountControl", "UserParameters", "SidHistory",
     "LogonHours"});
constexpr auto kGroupMember = std::to_array<std::string_view>(
    {"MemberName", "MemberSid", "TargetUserName", "TargetDomainName", "TargetSid", "SubjectUserSid", "SubjectUserName",
     "SubjectDomainName", "SubjectLogonId", "PrivilegeList"});
constexpr auto kLockedOut =
    std::to_array<std::string_view>({"TargetUserName", "TargetDomainName", "TargetSid", "SubjectUserSid",
                                     "SubjectUserName", "SubjectDomainName", "SubjectLogonId"});
constexpr auto kTicketGranting =
    std::to_array<std::string_view>({"TargetUserName", "TargetDomainName", "TargetSid", "ServiceName", "ServiceSid",
                                     "TicketOptions", "Status", "TicketEncryptionType", "PreAuthType", "IpAddress",
                                     "IpPort", "CertIssuerName", "CertSerialNumber", "CertThumbprint"});
constexpr auto kServiceTicket = std::to_array<std::string_view>(
    {"TargetUserName", "TargetDomainName", "ServiceName", "ServiceSid", "TicketOptions", "TicketEncryptionType",
     "IpAddress", "IpPort", "Status", "LogonGuid", "TransmittedServices"});
constexpr auto kPreAuthFailed = std::to_array<std::string_view>(
    {"TargetUserName", "TargetSid", "ServiceName", "TicketOptions", "Status", "PreAuthType", "IpAddress", "IpPort",
     "CertIssuerName", "CertSerialNumber", "CertThumbprint"});
constexpr auto kCredentialCheck =
    std::to_array<std::string_view>({"PackageName", "TargetUserName", "Workstation", "Status"});
constexpr auto kSystemService =
    std::to_array<std::string_view>({"ServiceName", "ImagePath", "ServiceType", "StartType", "AccountName"});
constexpr auto kScriptBlock =
    std::to_array<std::string_view>({"MessageNumber", "MessageTotal", "ScriptBlockText", "ScriptBlockId", "Path"});

struct InsertsOf {
    std::string_view channel;
    std::string_view event_id;
    Names names;
};
constexpr std::array<InsertsOf, 22> kEntries = {{
    {"Security", "4624", kLogon},
    {"Security", "4625", kLogonFailed},
    {"Security", "4648", kExplicitLogon},
    {"Security", "4672", kSpecialPrivileges},
    {"Security", "4688", kProcessCreation},
    {"Security", "4697", kServiceInstalled},
    {"Security", "4698", kTask},
    {"Security", "4702", kTask},
    {"Security", "4720", kUserCreated},
    {"Security", "4726", kLockedOut},
    {"Security", "4728", kGroupMember},
    {"Security", "4732", kGroupMember},
    {"Security", "4756", kGroupMember},
    {"Security", "4740", kLockedOut},
    {"Security", "4768", kTicketGranting},
    {"Security", "4769", kServiceTicket},
    {"Security", "4771", kPreAuthFailed},
    {"Security", "4776", kCredentialCheck},
    {"System", "7045", kSystemService},
    {"Microsoft-Windows-PowerShell/Operational", "4104", kScriptBlock},
    {"PowerShellCore/Operational", "4104", kScriptBlock},
    {"Security", "4723", kLockedOut},
}};

} // namespace

Names insert_names(std::string_view channel, std::string_view event_id) noexcept {
    const auto* const found = std::find_if(kEntries.begin(), kEntries.end(), [&](const InsertsOf& e) {
        return e.event_id == event_id && e.channel == channel;
    });
    return found == kEntries.end() ? Names{} : found->names;
}

} // namespace canhgac::collector
