/// The state of correlation in the StateStore, written in small parts so that nobody waits for a large write.
///
/// Keys: "corr/part/GENERATION/NUMBER" (hexadecimal, 16 and 8 digits): up to kCheckpointPartBytes of the state each;
/// "corr/head": which generation is whole, up to which batch it counts, how many bytes and parts it has, and a hash
/// over them. The head is written last, together with the reader's cursor and the removal of the generation before:
/// at any moment there is one whole checkpoint at or before the cursor, or none yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "event/store.hpp"

namespace canhgac::alerting {

inline constexpr std::size_t kCheckpointPartBytes = std::size_t{1} << 20U;

struct Checkpoint {
    std::uint64_t seq = 0; ///< detections of batches up to here are in it
    std::string state;
};

/// One thread.
class CheckpointStore {
public:
    /// `state` outlives it.
    explicit CheckpointStore(event::StateStore& state) noexcept : state_(state) {}

    /// The whole checkpoint, if there is one; one that is damaged counts as none. Removes the parts of unfinished ones.
    [[nodiscard]] common::Result<std::optional<Checkpoint>, std::error_code> load();

    [[nodiscard]] bool is_writing() const noexcept { return writing_.has_value(); }
    /// Only when none is being written.
    void begin(Checkpoint checkpoint);
    /// Writes the next part, or the head together with `also`, which says where the reader is then (at or behind the
    /// checkpoint). True when it is whole now. On error nothing has changed: call again.
    [[nodiscard]] common::Result<bool, std::error_code> step(const event::StateStore::Change& also);

private:
    event::StateStore& state_;
    std::uint64_t generation_ = 0; ///< of the whole one
    std::size_t parts_ = 0;        ///< of the whole one
    std::optional<Checkpoint> writing_;
    std::size_t next_part_ = 0;
};

} // namespace canhgac::alerting
