#include "collector/decoders/linux_message.hpp"

#include <array>

#include "collector/decoders/key_value.hpp"
#include "collector/decoders/login_message.hpp"
#include "collector/decoders/sshd_message.hpp"
#include "collector/decoders/text_cursor.hpp"
#include "common/ip.hpp"
#include "common/result.hpp"

namespace canhgac::collector {

namespace {

namespace field = event::field;

/// "lan : TTY=pts/0 ; PWD=/home/lan ; USER=root ; COMMAND=/bin/ls", a reason may come first.
bool decode_sudo(std::string_view message, EventDraft& draft) {
    std::string_view rest = message;
    if (rest.find(" : ") == std::string_view::npos || rest.find("COMMAND=") == std::string_view::npos) { return false; }
    const std::string_view user = trimmed(take_until(rest, " : "));
    std::string_view reason;
    while (!rest.empty()) {
        if (take_prefix(rest, "COMMAND=")) { // the last part; may itself hold " ; "
            draft.add(draft.intern("COMMAND"), rest);
            break;
        }
        const std::string_view part = trimmed(take_until(rest, " ; "));
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos || part.substr(0, equals).find(' ') != std::string_view::npos) {
            if (reason.empty()) { reason = part; }
        } else {
            draft.add(draft.tree().find(NameTree::kOther, part.substr(0, equals)), part.substr(equals + 1));
        }
        while (rest.starts_with(' ')) {
            rest.remove_prefix(1);
        }
    }
    draft.add(field::kUserName, user);
    if (!reason.empty()) { draft.add(draft.intern("sudo.reason"), reason); }
    draft.set_action("sudo", reason.empty() ? "success" : "failure");
    return true;
}

/// util-linux: "(to root) lan on pts/0", "FAILED SU (to root) lan on pts/0"; shadow: "Successful su for root by lan".
bool decode_su(std::string_view message, EventDraft& draft) {
    std::string_view rest = message;
    const bool failed =
        take_prefix(rest, "FAILED SU ") || take_prefix(rest, "FAILED su ") || take_prefix(rest, "pam_authenticate: ");
    std::string_view target;
    std::string_view user;
    if (take_prefix(rest, "(to ")) {
        target = take_until(rest, ") ");
        user = take_until(rest, " on ");
    } else if (take_prefix(rest, "Successful su for ") || (failed && take_prefix(rest, "for "))) {
        target = take_until(rest, " by ");
        user = first_word(rest);
    } else {
        return false;
    }
    draft.add(field::kUserName, user);
    draft.add(draft.intern("su.target"), target);
    draft.set_action("su", failed ? "failure" : "success");
    return true;
}

/// The pairs of "authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root".
void add_pam_pairs(std::string_view pairs, EventDraft& draft) {
    std::size_t words = 0;
    while (const auto pair = next_pair(pairs, words)) {
        if (pair->value.empty()) { continue; }
        draft.add(draft.tree().find(NameTree::kOther, pair->key), pair->value);
        if (pair->key == "user") { draft.propose(field::kUserName, pair->value); }
        if (pair->key == "rhost" && common::parse_ip(pair->value)) { draft.propose(field::kSourceIp, pair->value); }
    }
}

/// The text behind "pam_unix(sshd:auth): ".
bool decode_pam_text(std::string_view text, EventDraft& draft) {
    if (take_prefix(text, "authentication failure; ") || take_prefix(text, "1 more authentication failure; ")) {
        add_pam_pairs(text, draft);
        draft.set_action("authentication", "failure");
        return true;
    }
    if (text.starts_with("check pass; user unknown")) {
        draft.set_action("authentication_unknown_user", "failure");
        return true;
    }
    const bool opened = take_prefix(text, "session opened for user ");
    if (opened || take_prefix(text, "session closed for user ")) {
        const std::string_view user = first_word(text);
        draft.add(field::kUserName, user.substr(0, user.find('(')));
        draft.set_action(opened ? "session_opened" : "session_closed");
        return true;
    }
    if (take_prefix(text, "password changed for ")) {
        draft.add(field::kUserName, first_word(text));
        draft.set_action("password_changed", "success");
        return true;
    }
    return false;
}

/// "pam_unix(sshd:auth): text", or with the module in the tag: "sshd(pam_unix)[1]: text".
bool decode_pam(std::string_view module_in_tag, std::string_view message, EventDraft& draft) {
    std::string_view rest = message;
    std::string_view module = module_in_tag;
    if (module.empty()) {
        if (!rest.starts_with("pam_")) { return false; }
        module = take_until(rest, ": ");
    }
    if (!decode_pam_text(rest, draft)) { return false; }
    draft.add(draft.intern("pam.module"), module);
    return true;
}

bool decode_systemd(std::string_view message, EventDraft& draft) {
    struct Phrase {
        std::string_view text;
        std::string_view action;
        std::string_view outcome;
    };
    static constexpr auto kPhrases = std::to_array<Phrase>({{"Started ", "service_started", "success"},
                                                            {"Stopped ", "service_stopped", "success"},
                                                            {"Starting ", "service_starting", ""},
                                                            {"Stopping ", "service_stopping", ""},
                                                            {"Reloaded ", "service_reloaded", "success"},
                                                            {"Failed to start ", "service_failed", "failure"}});
    for (const Phrase& phrase : kPhrases) {
        std::string_view rest = message;
        if (!take_prefix(rest, phrase.text)) { continue; }
        while (rest.ends_with('.')) {
            rest.remove_suffix(1);
        }
        const std::size_t dash = rest.find(" - "); // "nginx.service - A high performance web server"
        draft.add(draft.intern("systemd.unit"), rest.substr(0, dash));
        draft.set_action(phrase.action, phrase.outcome);
        return true;
    }
    const std::size_t colon = message.find(": ");
    const std::string_view unit = message.substr(0, colon);
    if (colon != std::string_view::npos && unit.find(' ') == std::string_view::npos &&
        (message.find("Failed with result") != std::string_view::npos ||
         message.find("Main process exited") != std::string_view::npos)) {
        draft.add(draft.intern("systemd.unit"), unit);
        draft.set_action("service_failed", "failure");
        return true;
    }
    return false;
}

/// "New session 5 of user lan."
bool decode_logind(std::string_view message, EventDraft& draft) {
    const std::size_t of_user = message.find(" of user ");
    if (!message.starts_with("New session ") || of_user == std::string_view::npos) { return false; }
    std::string_view user = message.substr(of_user + 9);
    if (user.ends_with('.')) { user.remove_suffix(1); }
    draft.add(field::kUserName, user);
    draft.set_action("session_opened");
    return true;
}

/// "(root) CMD (/usr/bin/x)", "(lan) REPLACE (lan)".
bool decode_cron(std::string_view message, EventDraft& draft) {
    std::string_view rest = message;
    if (!take_prefix(rest, "(")) { return false; }
    const std::string_view user = take_until(rest, ") ");
    const std::string_view verb = trimmed(take_until(rest, "("));
    if (rest.empty() || user.empty()) { return false; }
    draft.add(field::kUserName, user);
    if (verb == "CMD") {
        if (rest.ends_with(')')) { rest.remove_suffix(1); }
        draft.add(draft.intern("COMMAND"), trimmed(rest));
        draft.set_action("cron_command");
        return true;
    }
    if (verb == "REPLACE" || verb == "BEGIN EDIT" || verb == "END EDIT" || verb == "DELETE") {
        draft.set_action("crontab_changed");
    } else {
        draft.set_action(verb == "LIST" ? "crontab_listed" : "cron_notice");
    }
    return true;
}

/// "new user: name=lan, UID=1001, ..." and "new group: name=lan, GID=1001".
void add_account_pairs(std::string_view pairs, event::FieldId name_field, EventDraft& draft) {
    std::size_t words = 0;
    while (const auto pair = next_pair(pairs, words)) {
        if (pair->key == "name") {
            draft.add(name_field, pair->value);
        } else {
            draft.add(draft.tree().find(NameTree::kOther, pair->key), pair->value);
        }
    }
}

/// "add 'lan' to group 'sudo'", "user lan added by root to group sudo" (or removed ... from).
bool decode_membership(std::string_view message, EventDraft& draft) {
    std::string_view rest = message;
    std::string_view user;
    bool added = true;
    const auto take_word = [&rest](std::string_view prefix, std::string_view& word) noexcept {
        if (!take_prefix(rest, prefix)) { return false; }
        word = first_word(rest);
        rest.remove_prefix(word.size());
        return true;
    };
    std::string_view group;
    if (take_word("add ", user) || (take_word("delete ", user) && !(added = false))) {
        if (!take_word(added ? " to group " : " from group ", group) &&
            !take_word(added ? " to shadow group " : " from shadow group ", group)) {
            return false;
        }
    } else if (take_word("user ", user)) {
        added = rest.starts_with(" added by ");
        if (!added && !rest.starts_with(" removed by ")) { return false; }
        common::ignore(take_until(rest, " group "), "who did it and the preposition");
        group = first_word(rest);
    } else {
        return false;
    }
    draft.add(field::kUserName, unquoted(user));
    draft.add(draft.intern("group.name"), unquoted(group));
    draft.set_action(added ? "group_member_added" : "group_member_removed", "success");
    return true;
}

bool decode_accounts(std::string_view message, EventDraft& draft) {
    std::string_view rest = message;
    if (take_prefix(rest, "new user: ")) {
        add_account_pairs(rest, field::kUserName, draft);
        draft.set_action("user_created", "success");
        return true;
    }
    if (take_prefix(rest, "new group: ") || take_prefix(rest, "group added to /etc/group: ")) {
        add_account_pairs(rest, draft.intern("group.name"), draft);
        draft.set_action("group_created", "success");
        return true;
    }
    if (take_prefix(rest, "delete user ")) {
        draft.add(field::kUserName, unquoted(first_word(rest)));
        draft.set_action("user_deleted", "success");
        return true;
    }
    if (take_prefix(rest, "failed adding user ")) {
        draft.add(field::kUserName, unquoted(take_until(rest, ", ")));
        draft.set_action("user_created", "failure");
        return true;
    }
    return decode_membership(message, draft);
}

/// "[UFW BLOCK] IN=eth0 OUT= MAC=... SRC=192.0.2.1 DST=... PROTO=TCP SPT=1 DPT=22"
bool decode_netfilter(std::string_view message, EventDraft& draft) {
    const std::size_t in = message.find("IN=");
    if (in == std::string_view::npos || message.find(" SRC=") == std::string_view::npos) { return false; }
    std::string_view pairs = message.substr(in);
    std::size_t words = 0;
    while (const auto pair = next_pair(pairs, words)) {
        if (!pair->value.empty()) { draft.add_flat(pair->key, pair->value); }
    }
    const bool blocked = message.find("BLOCK") < in || message.find("DROP") < in || message.find("REJECT") < in;
    draft.set_action("packet", blocked ? "failure" : "");
    return true;
}

} // namespace

ProgramName program_of(std::string_view tag) noexcept {
    const std::size_t open = tag.find('(');
    if (open != std::string_view::npos && open != 0 && tag.ends_with(')')) {
        return {program_of(tag.substr(0, open)).name, tag.substr(open + 1, tag.size() - open - 2)};
    }
    const std::string_view name = tag.substr(tag.rfind('/') + 1);
    return {name.empty() ? tag : name, {}};
}

bool decode_linux_message(const ProgramName& program, std::string_view message, EventDraft& draft) {
    const std::string_view name = program.name;
    const bool pam = program.module.starts_with("pam_");
    if (decode_pam(pam ? program.module : std::string_view{}, message, draft)) { return true; }
    if (name == "sshd" || name == "sshd-session") { return decode_sshd_message(message, draft); }
    if (name == "sudo") { return decode_sudo(message, draft); }
    if (name == "su") { return decode_su(message, draft); }
    if (name == "systemd") { return decode_systemd(message, draft); }
    if (name == "systemd-logind") { return decode_logind(message, draft); }
    if (name == "CRON" || name == "crond" || name == "CROND" || name == "cron" || name == "crontab") {
        return decode_cron(message, draft);
    }
    if (name == "kernel") { return decode_netfilter(message, draft); }
    static constexpr auto kAccountTools = std::to_array<std::string_view>(
        {"useradd", "usermod", "userdel", "groupadd", "groupdel", "groupmod", "gpasswd", "adduser"});
    if (std::find(kAccountTools.begin(), kAccountTools.end(), name) != kAccountTools.end()) {
        return decode_accounts(message, draft);
    }
    return decode_login_message(name, message, draft);
}

} // namespace canhgac::collector
