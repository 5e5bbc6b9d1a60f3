/// What the usual programs of a Linux server say behind their syslog header: sshd, sudo, su, PAM, systemd, cron, the
/// account tools and netfilter. Who, from where, what and with which outcome become envelope fields.
#pragma once

#include <string_view>

#include "collector/decoders/event_draft.hpp"

namespace canhgac::collector {

/// The program in a syslog tag: "/usr/sbin/cron" is cron, "sshd(pam_unix)" is sshd with module pam_unix.
struct ProgramName {
    std::string_view name;
    std::string_view module; ///< empty = none
};
[[nodiscard]] ProgramName program_of(std::string_view tag) noexcept;

/// Adds the fields of `message` as `program` writes it. True when it was understood; `message` itself is not added.
/// Allocates nothing.
///   sshd:       event.action ssh_login | ssh_invalid_user | ssh_disconnect..., event.outcome, user.name, source.ip,
///               source.port, ssh.method, event.count ("message repeated N times")
///   sudo:       event.action sudo, event.outcome, user.name, TTY, PWD, USER, COMMAND, sudo.reason
///   su:         event.action su, event.outcome, user.name, su.target
///   PAM:        event.action authentication | session_opened | session_closed | password_changed, pam.module,
///               logname, uid, euid, tty, ruser, rhost, user
///   systemd:    event.action service_started | service_stopped | service_failed, systemd.unit
///   cron:       event.action cron_command | crontab_<verb>, user.name, COMMAND
///   accounts:   event.action user_created | user_deleted | group_created | group_member_added | group_member_removed |
///               password_changed, user.name, group.name and useradd's own NAME=value pairs
///   keycloak, zimbra: login_message.hpp
///   kernel:     netfilter's IN=, SRC=, DST=, SPT=, DPT=, PROTO=
bool decode_linux_message(const ProgramName& program, std::string_view message, EventDraft& draft);

} // namespace canhgac::collector
