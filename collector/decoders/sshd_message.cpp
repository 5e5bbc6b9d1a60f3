#include "collector/decoders/sshd_message.hpp"

#include "collector/decoders/text_cursor.hpp"
#include "common/ip.hpp"
#include "common/result.hpp"

namespace canhgac::collector {

namespace {

namespace field = event::field;

/// "192.0.2.1 port 50111 ssh2", "192.0.2.1: 11: Bye Bye", "192.0.2.1". False: no address there.
bool add_address(std::string_view text, EventDraft& draft) {
    std::string_view address = first_word(text);
    std::string_view rest = text.substr(address.size());
    if (!common::parse_ip(address) && address.ends_with(':')) { address.remove_suffix(1); }
    if (!common::parse_ip(address)) { return false; }
    draft.add(field::kSourceIp, address);
    if (take_prefix(rest, " port ")) {
        const std::string_view port = rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size()));
        if (!port.empty()) { draft.add(field::kSourcePort, port, event::ValueType::integer); }
    }
    return true;
}

/// "[invalid user ]NAME from ADDRESS ...": the name is everything up to the last " from ".
bool add_user_and_address(std::string_view text, EventDraft& draft) {
    const std::size_t from = text.rfind(" from ");
    if (from == std::string_view::npos) { return false; }
    std::string_view user = text.substr(0, from);
    const bool invalid = take_prefix(user, "invalid user ") || take_prefix(user, "illegal user ");
    if (!add_address(text.substr(from + 6), draft)) { return false; }
    if (!user.empty()) { draft.add(field::kUserName, user); }
    if (invalid) { draft.add(draft.intern("ssh.invalid_user"), "true", event::ValueType::boolean); }
    return true;
}

/// "Failed password for ..." and "Accepted publickey for ...".
bool decode_login(std::string_view rest, std::string_view outcome, EventDraft& draft) {
    const std::string_view method = take_until(rest, " for ");
    if (rest.empty() || method.find(' ') != std::string_view::npos) { return false; }
    if (!add_user_and_address(rest, draft)) { return false; }
    draft.add(draft.intern("ssh.method"), method);
    draft.set_action("ssh_login", outcome);
    return true;
}

/// "Connection closed by [invalid user lan |authenticating user lan ]192.0.2.1 port 1 [preauth]".
bool decode_closed(std::string_view rest, EventDraft& draft) {
    std::string_view user;
    if (take_prefix(rest, "invalid user ") || take_prefix(rest, "authenticating user ") || take_prefix(rest, "user ")) {
        const std::size_t port = rest.rfind(" port ");
        const std::size_t blank = port == std::string_view::npos ? port : rest.substr(0, port).rfind(' ');
        if (blank == std::string_view::npos) { return false; }
        user = rest.substr(0, blank);
        rest.remove_prefix(blank + 1);
    }
    if (!add_address(rest, draft)) { return false; }
    if (!user.empty()) { draft.add(field::kUserName, user); }
    draft.set_action("ssh_disconnect", "");
    return true;
}

/// "message repeated 5 times: [ Failed password for root from 192.0.2.1 port 1 ssh2]"
std::string_view without_repetition(std::string_view message, EventDraft& draft) {
    std::string_view rest = message;
    if (!take_prefix(rest, "message repeated ")) { return message; }
    const std::string_view count = take_until(rest, " times: [");
    if (rest.empty()) { return message; }
    draft.add(draft.intern("event.count"), count, event::ValueType::integer);
    if (rest.ends_with(']')) { rest.remove_suffix(1); }
    return trimmed(rest);
}

} // namespace

bool decode_sshd_message(std::string_view message, EventDraft& draft) {
    std::string_view rest = without_repetition(message, draft);
    if (take_prefix(rest, "Failed ")) { return decode_login(rest, "failure", draft); }
    if (take_prefix(rest, "Accepted ")) { return decode_login(rest, "success", draft); }
    if (take_prefix(rest, "Invalid user ")) {
        // OpenSSH up to 7 leaves the port out; an empty name leaves two blanks
        if (!add_user_and_address(rest, draft)) { return false; }
        draft.set_action("ssh_invalid_user", "failure");
        return true;
    }
    if (take_prefix(rest, "Connection closed by ") || take_prefix(rest, "Connection reset by ") ||
        take_prefix(rest, "Disconnected from ") || take_prefix(rest, "Disconnecting ")) {
        return decode_closed(rest, draft);
    }
    if (take_prefix(rest, "Received disconnect from ")) {
        if (!add_address(rest, draft)) { return false; }
        draft.set_action("ssh_disconnect", "");
        return true;
    }
    if (take_prefix(rest, "Did not receive identification string from ")) {
        if (!add_address(rest, draft)) { return false; }
        draft.set_action("ssh_probe", "");
        return true;
    }
    if (take_prefix(rest, "error: maximum authentication attempts exceeded for ") ||
        take_prefix(rest, "maximum authentication attempts exceeded for ")) {
        if (!add_user_and_address(rest, draft)) { return false; }
        draft.set_action("ssh_too_many_attempts", "failure");
        return true;
    }
    if (take_prefix(rest, "User ") && rest.find(" not allowed because ") != std::string_view::npos) {
        std::string_view who = rest.substr(0, rest.find(" not allowed because "));
        if (!add_user_and_address(who, draft)) { return false; }
        draft.set_action("ssh_not_allowed", "failure");
        return true;
    }
    if (take_prefix(rest, "reverse mapping checking getaddrinfo for ")) {
        common::ignore(take_until(rest, "["), "the name somebody else's DNS gave");
        if (!add_address(take_until(rest, "]"), draft)) { return false; }
        draft.set_action("ssh_reverse_mapping", "");
        return true;
    }
    return false;
}

} // namespace canhgac::collector
