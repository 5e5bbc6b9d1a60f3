#include "collector/listeners/services.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "net/address.hpp"

namespace canhgac::collector {

PlaintextPolicy::PlaintextPolicy(const std::string& listener, const common::IpAddress& bound, bool tls,
                                 std::vector<common::IpNetwork> networks)
    : open_(tls || net::is_loopback(bound)), networks_(std::move(networks)) {
    if (!open_ && networks_.empty()) {
        throw std::invalid_argument(listener + ": " + common::to_string(bound) +
                                    " is beyond loopback and the listener is plain text: name who may use it in "
                                    "plaintext_from, or use TLS");
    }
}

bool PlaintextPolicy::allows(const common::IpAddress& sender) const noexcept {
    if (open_ || net::is_loopback(sender)) { return true; }
    return std::any_of(networks_.begin(), networks_.end(), [&sender](const common::IpNetwork& network) {
        return network.contains(common::unmapped(sender));
    });
}

} // namespace canhgac::collector
