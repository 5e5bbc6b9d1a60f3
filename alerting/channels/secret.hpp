/// Secrets live in files, never in the configuration, arguments or logs.
#pragma once

#include <string>

namespace canhgac::alerting {

/// The file's text without the line end at its end. Throws std::runtime_error naming `what` and the file (never its
/// content) when it cannot be read, is empty or larger than 64 KiB.
[[nodiscard]] std::string read_secret_file(const std::string& path, const char* what);
/// The same without the limits on emptiness: templates.
[[nodiscard]] std::string read_text_file(const std::string& path, const char* what);

} // namespace canhgac::alerting
