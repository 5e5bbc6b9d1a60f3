/// The event being built: where every decoder puts what it finds. It keeps the envelope honest (no name twice, what the
/// sender says in ECS names wins over what we derive) and notes values whose meaning is settled at the end.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "collector/decoders/name_tree.hpp"
#include "common/clock.hpp"
#include "event/batch.hpp"
#include "event/schema.hpp"

namespace canhgac::collector {

/// How sure we are that a stamp is the time of the event; the higher wins.
enum class TimeRank : std::uint8_t { none, other, local, header, sender, own };

/// A value noted for the end of the record.
struct Noted {
    std::string_view text;
    std::uint32_t index = 0; ///< its place among the event's fields
    event::ValueType type = event::ValueType::string;
};

/// Reused from record to record; not thread safe. Views given in must live as long as the batch.
class EventDraft {
public:
    static constexpr std::uint32_t kMaxFields = 16'384; ///< an event's values; what is beyond stays in the raw line

    EventDraft(event::FieldCache& names, NameTree& tree) noexcept : names_(&names), tree_(&tree) {}

    /// Starts an event in `batch`. `zone_offset_seconds` is for stamps without zone; `trust_logsource` for `logsource`.
    event::Event& begin(event::EventBatch& batch, common::Nanos received, int zone_offset_seconds,
                        bool trust_logsource);
    /// Drops every field and note, to start over (e.g. as unparsed).
    void clear() noexcept;
    /// Adds the envelope fields that were only derived, and closes the event.
    void finish();

    /// A value of the sender under a name of the tree.
    void add(const NameEdge& edge, std::string_view text, event::ValueType type = event::ValueType::string) {
        if (edge.plain) [[likely]] {
            if (++count_ <= kMaxFields) [[likely]] { batch_->add(edge.id, text, type); }
            return;
        }
        add_special(edge, text, type);
    }
    /// A value of our own reading (a name of ours, never the sender's choice).
    void add(event::FieldId id, std::string_view text, event::ValueType type = event::ValueType::string);
    /// event.action, and event.outcome where there is one.
    void set_action(std::string_view action, std::string_view outcome = {}) {
        add(event::field::kAction, action);
        if (!outcome.empty()) { add(event::field::kOutcome, outcome); }
    }
    /// A key=value pair of the sender.
    void add_flat(std::string_view key, std::string_view text, event::ValueType type = event::ValueType::string) {
        NameEdge* edge = tree_->guess(NameTree::kFlat, flat_context_);
        if (edge == nullptr || edge->key != key) {
            edge = &tree_->find(NameTree::kFlat, key);
            tree_->learn(flat_context_, *edge);
        }
        flat_context_.follow(*edge);
        add(*edge, text, type);
    }
    /// Proposes a value for an envelope field; used at finish() when nobody set the field. First proposal wins; empty,
    /// "-", "?" and "(null)" count as nothing.
    void propose(event::FieldId id, std::string_view text) noexcept;
    /// Forgets what was proposed for an envelope field.
    void withdraw(event::FieldId id) noexcept { proposed_ &= ~(std::uint64_t{1} << index(id)); }
    /// Takes the time if `rank` is higher than what is known.
    void set_time(common::Nanos time, TimeRank rank) noexcept {
        if (rank > time_rank_) {
            time_rank_ = rank;
            time_ = time;
        }
    }
    void set_flag(std::uint16_t flag) noexcept { flags_ = static_cast<std::uint16_t>(flags_ | flag); }
    /// Turns the event into an unparsed one: `message` = text, `event.parse_error` = reason (both living long enough).
    void set_unparsed(std::string_view text, std::string_view reason);

    [[nodiscard]] const Noted* noted(Role role) const noexcept {
        return (noted_mask_ >> static_cast<unsigned>(role) & 1U) != 0 ? &noted_[static_cast<std::size_t>(role)]
                                                                      : nullptr;
    }
    void note(Role role, const Noted& value) noexcept {
        noted_mask_ |= std::uint64_t{1} << static_cast<unsigned>(role);
        noted_[static_cast<std::size_t>(role)] = value;
    }
    /// The value an envelope field has or would get at finish(); empty = none.
    [[nodiscard]] std::string_view envelope(event::FieldId id) const noexcept;
    [[nodiscard]] bool has(event::FieldId id) const noexcept { return (present_ >> index(id) & 1U) != 0; }
    /// Gives the field at `index` another name.
    void rename(std::uint32_t index, event::FieldId id) noexcept;

    [[nodiscard]] event::FieldId intern(std::string_view name) { return names_->intern(name); }
    [[nodiscard]] NameTree& tree() noexcept { return *tree_; }
    [[nodiscard]] event::EventBatch& batch() noexcept { return *batch_; }
    [[nodiscard]] event::Arena& arena() noexcept { return batch_->arena(); }
    [[nodiscard]] std::uint32_t field_count() const noexcept {
        return static_cast<std::uint32_t>(batch_->open_fields().size());
    }
    [[nodiscard]] common::Nanos received() const noexcept { return received_; }
    [[nodiscard]] int zone() const noexcept { return zone_; }
    [[nodiscard]] common::Nanos time() const noexcept { return time_; }
    [[nodiscard]] TimeRank time_rank() const noexcept { return time_rank_; }
    [[nodiscard]] std::uint16_t flags() const noexcept { return flags_; }
    [[nodiscard]] event::Format format() const noexcept { return format_; }
    void set_format(event::Format format) noexcept { format_ = format; }

private:
    static_assert(event::kEnvelopeNames.size() <= 64 && kRoleCount <= 64, "masks are 64 bits");
    static constexpr std::size_t kEnvelopeCount = event::kEnvelopeNames.size();

    [[nodiscard]] static constexpr unsigned index(event::FieldId id) noexcept { return static_cast<unsigned>(id); }
    void add_special(const NameEdge& edge, std::string_view text, event::ValueType type);
    [[nodiscard]] event::FieldId trusted_logsource(const NameEdge& edge) noexcept;
    [[nodiscard]] bool take_stamp(const NameEdge& edge, std::string_view text) noexcept;

    event::FieldCache* names_;
    NameTree* tree_;
    KeyContext flat_context_{NameTree::kFlat};
    event::EventBatch* batch_ = nullptr;
    event::Event* event_ = nullptr;
    common::Nanos received_ = 0;
    common::Nanos time_ = 0;
    int zone_ = 0;
    TimeRank time_rank_ = TimeRank::none;
    bool trust_logsource_ = false;
    std::uint16_t flags_ = 0;
    event::Format format_ = event::Format::unparsed;
    std::uint32_t count_ = 0;
    std::uint64_t present_ = 0;  ///< envelope fields the event has
    std::uint64_t proposed_ = 0; ///< envelope fields somebody proposed
    std::uint64_t noted_mask_ = 0;
    std::array<std::string_view, kEnvelopeCount> present_text_;
    std::array<std::string_view, kEnvelopeCount> proposed_text_;
    std::array<Noted, kRoleCount> noted_;
};

} // namespace canhgac::collector
