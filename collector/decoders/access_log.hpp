/// Access logs of web servers: NCSA common and combined, as nginx and Apache write them, with or without a virtual host
/// in front. Fields are named as Sigma's webserver taxonomy names them.
#pragma once

#include <string_view>

#include "collector/decoders/event_draft.hpp"

namespace canhgac::collector {

/// Reads one line. False: not an access log line; the draft is untouched. Quotes and \xHH in request, referer and user
/// agent are decoded; a request that is no HTTP request becomes `c-uri` as it is.
[[nodiscard]] bool decode_access_log(std::string_view line, EventDraft& draft);

} // namespace canhgac::collector
