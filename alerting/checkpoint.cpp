#include "alerting/checkpoint.hpp"

#include <charconv>

#include <fmt/format.h>

#include "alerting/hash.hpp"

namespace canhgac::alerting {
namespace {

constexpr std::string_view kHead = "corr/head";
constexpr std::string_view kParts = "corr/part/";
constexpr std::size_t kRemovedAtOnce = 1'024;

std::string part_key(std::uint64_t generation, std::size_t number) {
    return fmt::format("{}{:016x}/{:08x}", kParts, generation, number);
}

std::size_t parts_of(std::size_t bytes) noexcept {
    return (bytes + kCheckpointPartBytes - 1) / kCheckpointPartBytes;
}

struct Head {
    std::uint64_t generation = 0;
    std::uint64_t seq = 0;
    std::uint64_t bytes = 0;
    std::string hash;
};

std::string encode(const Head& head) {
    return fmt::format("1 {} {} {} {}", head.generation, head.seq, head.bytes, head.hash);
}

std::optional<Head> decode(std::string_view text) {
    Head head;
    std::uint64_t version = 0;
    for (std::uint64_t* const number : {&version, &head.generation, &head.seq, &head.bytes}) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
        if (error != std::errc{} || end == text.data() + text.size() || *end != ' ') { return std::nullopt; }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    }
    if (version != 1) { return std::nullopt; }
    head.hash = text;
    return head;
}

} // namespace

common::Result<std::optional<Checkpoint>, std::error_code> CheckpointStore::load() {
    const auto text = state_.get(kHead);
    if (!text) { return common::fail(text.error()); }
    const auto head = *text ? decode(**text) : std::nullopt;
    generation_ = head ? head->generation : 0;
    parts_ = 0;
    Checkpoint found;
    std::vector<event::StateStore::Change> leftovers;
    const std::string whole = part_key(generation_, 0).substr(0, kParts.size() + 17);
    const auto read = state_.iterate(kParts, kParts, false, [&](std::string_view key, std::string_view value) {
        if (head && key.starts_with(whole)) {
            found.state += value;
            ++parts_;
        } else {
            leftovers.push_back({std::string(key), std::nullopt});
        }
        return leftovers.size() < kRemovedAtOnce;
    });
    if (!read) { return common::fail(read.error()); }
    if (!leftovers.empty()) {
        if (const auto removed = state_.write(leftovers); !removed) { return common::fail(removed.error()); }
        if (leftovers.size() == kRemovedAtOnce) { return load(); }
    }
    if (!head) { return std::optional<Checkpoint>{}; }
    if (found.state.size() != head->bytes || hash_parts({found.state}) != head->hash) {
        return std::optional<Checkpoint>{};
    }
    found.seq = head->seq;
    return std::optional<Checkpoint>(std::move(found));
}

void CheckpointStore::begin(Checkpoint checkpoint) {
    writing_ = std::move(checkpoint);
    next_part_ = 0;
}

common::Result<bool, std::error_code> CheckpointStore::step(const event::StateStore::Change& also) {
    const std::uint64_t generation = generation_ + 1;
    const std::string_view state = writing_->state;
    const std::size_t parts = parts_of(state.size());
    if (next_part_ < parts) {
        const event::StateStore::Change part{
            part_key(generation, next_part_),
            std::string(state.substr(next_part_ * kCheckpointPartBytes, kCheckpointPartBytes))};
        if (const auto done = state_.write({&part, 1}); !done) { return common::fail(done.error()); }
        ++next_part_;
        return false;
    }
    const Head head{generation, writing_->seq, state.size(), hash_parts({state})};
    std::vector<event::StateStore::Change> changes{{std::string(kHead), encode(head)}, also};
    for (std::size_t i = 0; i < parts_; ++i) {
        changes.push_back({part_key(generation_, i), std::nullopt});
    }
    if (const auto done = state_.write(changes); !done) { return common::fail(done.error()); }
    generation_ = generation;
    parts_ = parts;
    writing_.reset();
    return true;
}

} // namespace canhgac::alerting
