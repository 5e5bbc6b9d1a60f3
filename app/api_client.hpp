/// How the commands on a terminal talk to the server: finds it, signs in with its token file, sends and reads.
#pragma once

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "app/cli.hpp"

namespace canhgac::app {

/// The network said no, not the server: it may be there again later.
class Unreachable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The server said no, with an HTTP status.
class ServerRefused : public std::runtime_error {
public:
    ServerRefused(int status, const std::string& what) : std::runtime_error(what), status_(status) {}
    [[nodiscard]] int status() const noexcept { return status_; }

private:
    int status_;
};

/// A value for a URL's query (RFC 3986 section 2.1): everything but unreserved characters is escaped.
[[nodiscard]] std::string url_value(std::string_view text);

/// Not thread safe.
class ApiClient {
public:
    /// Server: --server, CANHGAC_SERVER, the address noted in the data folder, http://127.0.0.1:8080. Token:
    /// --token-file, the token file of the data folder. Data folder: --data, the one the server on this machine noted,
    /// ./data. Throws std::runtime_error when there is no token to be found.
    explicit ApiClient(const ClientOptions& options);

    /// The body of a 2xx answer. Throws ServerRefused with what the server said, Unreachable with what the network did.
    [[nodiscard]] std::string get(const std::string& path);
    /// Calls `line` for each line of the answer as it arrives until it returns false.
    void stream(const std::string& method, const std::string& path, const std::string& body,
                const std::function<bool(std::string_view line)>& line);

    /// The body of a 2xx answer, part by part as it comes. False ends it.
    void download(const std::string& method, const std::string& path, const std::string& body,
                  const std::function<bool(std::string_view part)>& part);

private:
    std::string server_;
    std::string token_;
    std::atomic<bool> cancelled_{false};
};

/// Where `serve` notes its data folder, for commands on the same machine; see note_data_folder().
void note_data_folder(const std::string& folder);

} // namespace canhgac::app
