/// What every listener is given.
#pragma once

#include <vector>

#include "collector/ledger.hpp"
#include "collector/peer_table.hpp"
#include "common/clock.hpp"
#include "common/ip.hpp"
#include "common/log.hpp"
#include "event/record.hpp"

namespace canhgac::collector {

/// All must outlive the listeners; all are thread safe. The sink in particular may still call RecordBatch::done after a
/// listener is gone: the ledger must outlive the sink.
struct ListenerServices {
    event::RecordSink& sink;
    PeerTable& peers;
    Ledger& ledger;
    const common::Clock& clock;
    common::Logger& log;
};

/// Senders who may speak in plain text to a listener that is bound beyond loopback. Loopback itself always may.
class PlaintextPolicy {
public:
    /// Throws std::invalid_argument if a plain listener (`tls` false) would leave loopback without any network.
    /// `listener` names it in the message.
    PlaintextPolicy(const std::string& listener, const common::IpAddress& bound, bool tls,
                    std::vector<common::IpNetwork> networks);
    [[nodiscard]] bool allows(const common::IpAddress& sender) const noexcept;

private:
    bool open_ = false; ///< TLS, or bound to loopback only
    std::vector<common::IpNetwork> networks_;
};

} // namespace canhgac::collector
