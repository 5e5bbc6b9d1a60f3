/// Log-in events of mail and sign-on servers that write text: Keycloak's event log and Zimbra's audit log.
#pragma once

#include <string_view>

#include "collector/decoders/event_draft.hpp"

namespace canhgac::collector {

/// Adds the pairs of `message` as `program` (the syslog tag) writes them, and who, from where, with which outcome:
///   keycloak:  type, realmId, clientId, ipAddress, error ... ; event.action "login" for type LOGIN and
///              LOGIN_ERROR, event.outcome, source.ip, user.name
///   zimbra:    cmd, account, protocol, error ...; event.action "login" for cmd=Auth, event.outcome, source.ip (the
///              client behind the proxy, `oip`, else `ip`), user.name
/// True when it was understood; `message` itself is not added. Allocates nothing.
[[nodiscard]] bool decode_login_message(std::string_view program, std::string_view message, EventDraft& draft);

} // namespace canhgac::collector
