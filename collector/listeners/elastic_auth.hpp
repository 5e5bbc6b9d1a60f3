/// Who a shipper is, by the Authorization header of its request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/digest.hpp"

namespace canhgac::collector {

/// Credential of a shipper: Basic (name = user, secret = password) or ApiKey (base64 of "name:secret"). The name
/// becomes the peer's identity.
struct ElasticToken {
    std::string name;
    net::Sha256 secret_hash{}; ///< SHA-256 of the secret
};

/// The name behind an Authorization header, or nothing. Compares hashes only, each in constant time, and every token
/// whatever the name, so that time tells nothing.
[[nodiscard]] std::optional<std::string> authenticate(std::string_view authorization,
                                                      const std::vector<ElasticToken>& tokens);

} // namespace canhgac::collector
