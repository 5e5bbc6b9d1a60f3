/// The sentences of OpenSSH's server.
#pragma once

#include <string_view>

#include "collector/decoders/event_draft.hpp"

namespace canhgac::collector {

/// Adds what an sshd message says (see linux_message.hpp). User names are the client's choice and may hold blanks or
/// look like the rest of the sentence: the address is always taken from its last " from ". True when understood.
bool decode_sshd_message(std::string_view message, EventDraft& draft);

} // namespace canhgac::collector
