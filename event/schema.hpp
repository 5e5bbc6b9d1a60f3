/// The names every module agrees on: envelope fields (ECS names, DESIGN "Events"), formats and event flags.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "event/value.hpp"

namespace canhgac::event {

/// Envelope fields have fixed ids, the same in every process; payload fields follow from kFirstPayloadField.
/// Order is part of the stored format: append only.
inline constexpr std::array<std::string_view, 53> kEnvelopeNames = {"@timestamp",
                                                                    "event.ingested",
                                                                    "event.original",
                                                                    "event.code",
                                                                    "event.outcome",
                                                                    "event.parse_error",
                                                                    "message",
                                                                    "host.name",
                                                                    "host.ip",
                                                                    "user.name",
                                                                    "source.ip",
                                                                    "source.port",
                                                                    "destination.ip",
                                                                    "destination.port",
                                                                    "log.source",
                                                                    "log.syslog.facility",
                                                                    "log.syslog.severity",
                                                                    "log.syslog.appname",
                                                                    "log.syslog.procid",
                                                                    "log.syslog.msgid",
                                                                    "log.syslog.version",
                                                                    "log.syslog.structured_data",
                                                                    "organization.name",
                                                                    "service.name",
                                                                    "asset.level",
                                                                    "logsource.product",
                                                                    "logsource.category",
                                                                    "logsource.service",
                                                                    "tags",
                                                                    "event.overflow",
                                                                    "log.level",
                                                                    "event.action",
                                                                    "process.name",
                                                                    "process.pid",
                                                                    "source.mac",
                                                                    "url.original",
                                                                    "http.request.method",
                                                                    "http.response.status_code",
                                                                    "user_agent.original",
                                                                    "log.peer.subject",
                                                                    "event.id",
                                                                    "threat.indicator.list",
                                                                    "threat.indicator.type",
                                                                    "threat.indicator.value",
                                                                    "threat.indicator.field",
                                                                    "source.geo.country_iso_code",
                                                                    "source.as.number",
                                                                    "source.as.organization.name",
                                                                    "destination.geo.country_iso_code",
                                                                    "destination.as.number",
                                                                    "destination.as.organization.name",
                                                                    "asset.name",
                                                                    "asset.owner"};

namespace field {
inline constexpr FieldId kTimestamp{0};
inline constexpr FieldId kIngested{1};
inline constexpr FieldId kOriginal{2};
inline constexpr FieldId kCode{3};
inline constexpr FieldId kOutcome{4};
inline constexpr FieldId kParseError{5};
inline constexpr FieldId kMessage{6};
inline constexpr FieldId kHostName{7};
inline constexpr FieldId kHostIp{8};
inline constexpr FieldId kUserName{9};
inline constexpr FieldId kSourceIp{10};
inline constexpr FieldId kSourcePort{11};
inline constexpr FieldId kDestinationIp{12};
inline constexpr FieldId kDestinationPort{13};
inline constexpr FieldId kLogSource{14};
inline constexpr FieldId kSyslogFacility{15};
inline constexpr FieldId kSyslogSeverity{16};
inline constexpr FieldId kSyslogAppname{17};
inline constexpr FieldId kSyslogProcid{18};
inline constexpr FieldId kSyslogMsgid{19};
inline constexpr FieldId kSyslogVersion{20};
inline constexpr FieldId kSyslogStructuredData{21};
inline constexpr FieldId kOrganizationName{22};
inline constexpr FieldId kServiceName{23};
inline constexpr FieldId kAssetLevel{24};
inline constexpr FieldId kLogsourceProduct{25};
inline constexpr FieldId kLogsourceCategory{26};
inline constexpr FieldId kLogsourceService{27};
inline constexpr FieldId kTags{28};
inline constexpr FieldId kOverflow{29}; ///< "name=value" of fields beyond the name limit
inline constexpr FieldId kLogLevel{30};
inline constexpr FieldId kAction{31};
inline constexpr FieldId kProcessName{32};
inline constexpr FieldId kProcessPid{33};
inline constexpr FieldId kSourceMac{34};
inline constexpr FieldId kUrlOriginal{35};
inline constexpr FieldId kHttpMethod{36};
inline constexpr FieldId kHttpStatus{37};
inline constexpr FieldId kUserAgent{38};
inline constexpr FieldId kPeerSubject{39}; ///< TLS client certificate subject
inline constexpr FieldId kEventId{40};     ///< ours: "seq.index"
inline constexpr FieldId kIndicatorList{41};
inline constexpr FieldId kIndicatorType{42};
inline constexpr FieldId kIndicatorValue{43}; ///< as in the list
inline constexpr FieldId kIndicatorField{44}; ///< the event's field that holds it
inline constexpr FieldId kSourceCountry{45};
inline constexpr FieldId kSourceAsNumber{46};
inline constexpr FieldId kSourceAsName{47};
inline constexpr FieldId kDestinationCountry{48};
inline constexpr FieldId kDestinationAsNumber{49};
inline constexpr FieldId kDestinationAsName{50};
inline constexpr FieldId kAssetName{51};
inline constexpr FieldId kAssetOwner{52};
} // namespace field

inline constexpr FieldId kFirstPayloadField{static_cast<std::uint32_t>(kEnvelopeNames.size())};

/// True for envelope fields; Sigma keywords look at payload fields and `message` only.
[[nodiscard]] constexpr bool is_envelope(FieldId id) noexcept {
    return static_cast<std::uint32_t>(id) < kEnvelopeNames.size();
}

/// Written by the receiving side only; a sender's field of such a name is kept as "sender.<name>" (DESIGN "Trust").
[[nodiscard]] bool is_receiver_only(std::string_view name) noexcept;

/// What a record turned out to be; the log source table (rules/logsources) starts from it. Stored: append only.
enum class Format : std::uint8_t {
    unparsed,      ///< nothing recognised: `message` and `event.parse_error` only
    json,          ///< a JSON object of no known layout
    windows_event, ///< any Windows event layout; fields Channel, EventID, Provider_Name, Computer + EventData names
    syslog,        ///< RFC 5424 or 3164 whose message has no known shape
    fortigate,     ///< FortiGate key=value
    key_value,     ///< other key=value text
    access_log,    ///< nginx/Apache combined: cs-method, c-uri, sc-status, c-ip, cs-user-agent, cs-referer ...
    auditd,
    text, ///< plain line without syslog header
};
inline constexpr std::size_t kFormatCount = 9;
/// "windows_event" etc., as rules/logsources/*.yaml spell it.
[[nodiscard]] std::string_view to_string(Format format) noexcept;

namespace flag {
inline constexpr std::uint16_t kUnparsed = 1U << 0U;      ///< has event.parse_error
inline constexpr std::uint16_t kRepaired = 1U << 1U;      ///< broken UTF-8 or surrogates were replaced in fields
inline constexpr std::uint16_t kTruncated = 1U << 2U;     ///< record was longer than the limit and cut
inline constexpr std::uint16_t kTimeGuessed = 1U << 3U;   ///< no usable stamp: event time = receive time
inline constexpr std::uint16_t kTimeSkewed = 1U << 4U;    ///< event time far from receive time
inline constexpr std::uint16_t kRevision = 1U << 5U;      ///< same _id as before with other bytes
inline constexpr std::uint16_t kTrustedSource = 1U << 6U; ///< `logsource` fields of the sender are honoured
inline constexpr std::uint16_t kTrustedHosts = 1U << 7U;  ///< its peer may name hosts of the asset inventory
} // namespace flag

} // namespace canhgac::event
