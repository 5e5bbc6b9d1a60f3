#include "collector/decoders/windows_event.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "collector/decoders/string_inserts.hpp"

namespace canhgac::collector {

namespace {

namespace field = event::field;

std::string_view text_of(const EventDraft& draft, Role role) noexcept {
    const Noted* noted = draft.noted(role);
    return noted == nullptr ? std::string_view{} : noted->text;
}

void rename(EventDraft& draft, Role role, std::string_view name) {
    if (const Noted* noted = draft.noted(role)) { draft.rename(noted->index, draft.intern(name)); }
}

/// NXLog xm_json: one flat object, the System part under NXLog's own names.
void name_nxlog_fields(EventDraft& draft) {
    if (const Noted* source = draft.noted(Role::source_name); source != nullptr && draft.noted(Role::provider) == nullptr) {
        draft.add(draft.intern("Provider_Name"), source->text);
        draft.note(Role::provider, *source);
    }
    if (draft.noted(Role::computer) == nullptr) { rename(draft, Role::nxlog_hostname, "Computer"); }
    if (draft.noted(Role::nxlog_pid) != nullptr) {
        rename(draft, Role::nxlog_pid, "Execution_ProcessID");
        rename(draft, Role::nxlog_tid, "Execution_ThreadID");
        rename(draft, Role::nxlog_user, "Security_UserID");
    }
    rename(draft, Role::nxlog_record, "EventRecordID");
    rename(draft, Role::nxlog_guid, "Provider_Guid");
}

/// Sysmon's message: a title, then "Name: value" lines with the names of EventData.
void read_message_lines(EventDraft& draft, std::string_view message) {
    std::size_t line_end = message.find('\n');
    while (line_end != std::string_view::npos) {
        message.remove_prefix(line_end + 1);
        line_end = message.find('\n');
        std::string_view line = message.substr(0, line_end);
        if (line.ends_with('\r')) { line.remove_suffix(1); }
        const std::size_t colon = line.find(':');
        if (colon == 0 || colon == std::string_view::npos || line.substr(0, colon).find(' ') != std::string_view::npos) {
            continue;
        }
        std::string_view value = line.substr(colon + 1);
        if (value.starts_with(' ')) { value.remove_prefix(1); }
        draft.add(draft.tree().find(NameTree::kRoot, line.substr(0, colon)), value);
    }
}

/// Fluent Bit winevtlog: flat System part, payload values without names.
void name_fluent_fields(EventDraft& draft) {
    rename(draft, Role::fluent_provider, "Provider_Name");
    draft.note(Role::provider, *draft.noted(Role::fluent_provider));
    rename(draft, Role::nxlog_guid, "Provider_Guid");
    rename(draft, Role::fluent_pid, "Execution_ProcessID");
    rename(draft, Role::nxlog_tid, "Execution_ThreadID");
    rename(draft, Role::nxlog_user, "Security_UserID");
    if (text_of(draft, Role::provider) == "Microsoft-Windows-Sysmon") {
        if (draft.noted(Role::image) == nullptr) { read_message_lines(draft, text_of(draft, Role::message_text)); }
        return;
    }
    const Noted* first = draft.noted(Role::fluent_insert);
    const auto names = insert_names(text_of(draft, Role::channel), text_of(draft, Role::event_id));
    if (first == nullptr || names.empty()) { return; }
    const event::FieldId inserts = draft.batch().open_fields()[first->index].name();
    const std::size_t fields = draft.field_count();
    std::size_t at = first->index;
    for (const std::string_view name : names) { // the array's values follow each other
        if (at == fields || draft.batch().open_fields()[at].name() != inserts) { break; }
        const event::Field value = draft.batch().open_fields()[at];
        NameEdge& edge = draft.tree().find(NameTree::kRoot, name);
        draft.rename(static_cast<std::uint32_t>(at), edge.id);
        if (edge.role != Role::none && draft.noted(edge.role) == nullptr) {
            draft.note(edge.role, {value.text(), static_cast<std::uint32_t>(at), value.type()});
        }
        ++at;
    }
}

/// "DOMAIN\user" -> "user".
std::string_view without_domain(std::string_view user) noexcept {
    const std::size_t slash = user.rfind('\\');
    return slash == std::string_view::npos ? user : user.substr(slash + 1);
}

std::string_view base_name(std::string_view path) noexcept {
    const std::size_t slash = path.find_last_of("\\/");
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// Bits 52 and 53 of Keywords say "audit failure" and "audit success" in the Security channel; hex or signed decimal.
std::string_view audit_outcome(std::string_view keywords) noexcept {
    constexpr std::uint64_t kFailure = std::uint64_t{1} << 52U;
    constexpr std::uint64_t kSuccess = std::uint64_t{1} << 53U;
    std::uint64_t bits = 0;
    if (keywords.starts_with("0x")) {
        std::from_chars(keywords.data() + 2, keywords.data() + keywords.size(), bits, 16);
    } else {
        std::int64_t number = 0;
        std::from_chars(keywords.data(), keywords.data() + keywords.size(), number);
        bits = static_cast<std::uint64_t>(number);
    }
    if ((bits & kFailure) != 0) { return "failure"; }
    return (bits & kSuccess) != 0 ? "success" : "";
}

void propose_envelope(EventDraft& draft) {
    const std::string_view channel = text_of(draft, Role::channel);
    for (const Role role : {Role::target_user, Role::subject_user, Role::user}) {
        const std::string_view user = text_of(draft, role);
        if (!user.empty() && user != "-") {
            draft.propose(field::kUserName, role == Role::user ? without_domain(user) : user);
            break;
        }
    }
    std::string_view address = text_of(draft, Role::source_address);
    if (address.starts_with("::ffff:")) { address.remove_prefix(7); }
    draft.propose(field::kSourceIp, address);
    draft.propose(field::kSourcePort, text_of(draft, Role::source_port));
    draft.propose(field::kDestinationIp, text_of(draft, Role::destination_address));
    draft.propose(field::kDestinationPort, text_of(draft, Role::destination_port));
    draft.withdraw(field::kProcessName); // that of a syslog header names the channel or the agent
    draft.withdraw(field::kProcessPid);
    const std::string_view image = text_of(draft, Role::image);
    draft.propose(field::kProcessName, base_name(image.empty() ? text_of(draft, Role::process_name) : image));
    if (channel == "Security") { draft.propose(field::kOutcome, audit_outcome(text_of(draft, Role::keywords))); }
}

} // namespace

bool finish_windows_event(EventDraft& draft) {
    if (draft.noted(Role::event_id) == nullptr) { return false; }
    const bool has_provider = draft.noted(Role::provider) != nullptr || draft.noted(Role::source_name) != nullptr ||
                              draft.noted(Role::fluent_provider) != nullptr;
    if (!has_provider && draft.noted(Role::channel) == nullptr && draft.noted(Role::system_wrapper) == nullptr) {
        return false;
    }
    draft.set_format(event::Format::windows_event);
    if (draft.noted(Role::fluent_provider) != nullptr && draft.noted(Role::provider) == nullptr) {
        name_fluent_fields(draft);
    } else if (draft.noted(Role::system_wrapper) == nullptr) {
        name_nxlog_fields(draft);
    }
    propose_envelope(draft);
    return true;
}

} // namespace canhgac::collector
