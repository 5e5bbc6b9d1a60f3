#include "collector/decoders/login_message.hpp"

#include "collector/decoders/key_value.hpp"
#include "collector/decoders/text_cursor.hpp"
#include "common/ip.hpp"

namespace canhgac::collector {

namespace {

namespace field = event::field;

void propose_address(EventDraft& draft, std::string_view text) {
    if (common::parse_ip(text)) { draft.propose(field::kSourceIp, text); }
}

/// `... [org.keycloak.events] (thread) type="LOGIN_ERROR", realmId="x", ..., ipAddress="192.0.2.1", error="..."`; older
/// versions leave the quotes out.
bool decode_keycloak(std::string_view message, EventDraft& draft) {
    const std::size_t begin = message.find(" type=");
    if (begin == std::string_view::npos || message.find("ipAddress=") == std::string_view::npos) { return false; }
    std::string_view pairs = message.substr(begin + 1);
    std::size_t words = 0;
    std::string_view type;
    bool failed = false;
    while (const auto pair = next_pair(pairs, words)) {
        if (pair->value.empty() || pair->value == "null") { continue; }
        draft.add(draft.tree().find(NameTree::kOther, pair->key), pair->value);
        if (pair->key == "type" && type.empty()) { type = pair->value; }
        if (pair->key == "ipAddress") { propose_address(draft, pair->value); }
        if (pair->key == "username") { draft.propose(field::kUserName, pair->value); }
        failed = failed || pair->key == "error";
    }
    if (type == "LOGIN" || type == "LOGIN_ERROR") { draft.propose(field::kAction, "login"); }
    draft.propose(field::kOutcome, failed || type.ends_with("_ERROR") ? "failure" : "success");
    return true;
}

/// The value of `key=` inside `[a=b;c=d;]`.
std::string_view context_value(std::string_view context, std::string_view key) noexcept {
    while (!context.empty()) {
        std::string_view pair = take_until(context, ";");
        if (take_prefix(pair, key) && take_prefix(pair, "=")) { return pair; }
    }
    return {};
}

/// `2026-11-22 08:00:00,118 WARN  [thread] [oip=192.0.2.1;ua=...;] security - cmd=Auth; account=a@b; error=...;`
bool decode_zimbra(std::string_view message, EventDraft& draft) {
    std::string_view rest = message;
    std::string_view head = take_until(rest, "] security - ");
    if (!rest.starts_with("cmd=")) { return false; }
    head.remove_prefix(head.rfind('[') == std::string_view::npos ? head.size() : head.rfind('[') + 1);
    const std::string_view client = context_value(head, "oip");
    propose_address(draft, client.empty() ? context_value(head, "ip") : client);
    bool login = false;
    bool failed = false;
    while (!rest.empty()) {
        const std::string_view part = trimmed(take_until(rest, ";"));
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos || equals == 0 || equals + 1 == part.size()) { continue; }
        const std::string_view key = part.substr(0, equals);
        const std::string_view value = part.substr(equals + 1);
        draft.add(draft.tree().find(NameTree::kOther, key), value);
        if (key == "account" || key == "name") { draft.propose(field::kUserName, value); }
        login = login || (key == "cmd" && value == "Auth");
        failed = failed || key == "error";
    }
    if (login) { draft.propose(field::kAction, "login"); }
    draft.propose(field::kOutcome, failed ? "failure" : "success");
    return true;
}

} // namespace

bool decode_login_message(std::string_view program, std::string_view message, EventDraft& draft) {
    if (program == "keycloak" || program == "kc" || program == "kc.sh") { return decode_keycloak(message, draft); }
    if (program.starts_with("zimbra") || program == "mailboxd" || program == "zmmailboxd") {
        return decode_zimbra(message, draft);
    }
    return false;
}

} // namespace canhgac::collector
