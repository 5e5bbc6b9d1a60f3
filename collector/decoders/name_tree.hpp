/// From the keys a sender writes to the names we keep: a per-worker tree of (where we are, key) -> field, meaning and
/// child. Wrappers (`winlog.event_data`, `Event.EventData`...) vanish here, other nesting becomes dotted names, and
/// names only the receiver may write become "sender.<name>" (DESIGN section 4, "Names", "Trust").
/// All naming rules run once a distinct key, at the first sight of it; after that a key costs one comparison.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "collector/decoders/json_scan.hpp"
#include "event/arena.hpp"
#include "event/field_table.hpp"

namespace canhgac::collector {

/// What a value means beyond its name. Values with a role are noted in the draft for the end of the record.
enum class Role : std::uint8_t {
    none,
    dropped,      ///< XML namespaces: in the raw line only
    time_created, ///< time of a Windows event
    timestamp,    ///< "@timestamp"
    event_time,   ///< NXLog EventTime and the like: local time of the sender
    other_time,   ///< "timestamp", "time", "ts"
    // Windows: the System part
    event_id,
    channel,
    provider,
    computer,
    keywords,
    record_id,
    source_name,    ///< NXLog: the provider
    nxlog_hostname, ///< NXLog: the computer
    nxlog_pid,
    nxlog_tid,
    nxlog_record,
    nxlog_guid,
    nxlog_user,
    fluent_provider, ///< Fluent Bit winevtlog
    fluent_pid,
    fluent_insert, ///< one of StringInserts
    system_wrapper,
    // Windows: payload
    target_user,
    subject_user,
    user,
    image,
    process_name,
    source_address,
    source_port,
    destination_address,
    destination_port,
    message_text, ///< "Message" of a Windows event
    // identity of a document
    agent_id,
    log_offset,
    log_path,
    // key=value
    date,
    time_of_day,
    zone,
    epoch,
    log_id,
    device,
    subtype,
    type,
    status,
    audit_stamp,
    logsource,
    count_
};
inline constexpr std::size_t kRoleCount = static_cast<std::size_t>(Role::count_);

/// Which rules a level of nesting follows.
enum class Layout : std::uint8_t {
    generic,     ///< prefix.key
    root,        ///< the top of a JSON event
    event,       ///< inside "Event" of evtx_dump
    system,      ///< inside "Event.System"
    element,     ///< an XML element inside System: attributes are joined with "_"
    attributes,  ///< "#attributes" of an element
    event_data,  ///< payload names as they are
    user_data,   ///< one element deeper than EventData
    payload,     ///< an object inside the payload
    update,      ///< the source line of a bulk "update": everything is inside "doc"
    flat,        ///< key=value text
};

using NodeId = std::uint32_t;

struct NameEdge {
    std::string_view key;     ///< as written; 16 readable bytes follow any part of it
    event::FieldId id{};      ///< the name it gets
    event::FieldId alias{};   ///< envelope field it may also fill; field::kTimestamp = none
    Role role = Role::none;
    bool plain = true;        ///< nothing to do but to add the value
    bool overflow = false;    ///< no id left: the value goes to event.overflow as "name=value"
    bool kept = false;        ///< lives in the tree; false: beyond its limits, made for this one look-up
    NodeId node = 0;          ///< the level it is in
    NodeId child = 0;         ///< the level below; 0 = not made yet
    NameEdge* next = nullptr; ///< the edge that followed last time
    NameEdge* next_but_one = nullptr; ///< the one before that
    std::string_view name;    ///< of `id`, or the full name when `overflow`
};

/// One per worker; not thread safe. Bounded: beyond kMaxEdges keys are named anew each time they come.
class NameTree {
public:
    static constexpr std::size_t kMaxEdges = 32'768;
    static constexpr std::size_t kMaxNodes = 8'192;
    static constexpr std::size_t kMaxNameBytes = 256; ///< longer names go to event.overflow
    static constexpr NodeId kRoot = 1;
    static constexpr NodeId kUpdate = 2;
    static constexpr NodeId kFlat = 3;  ///< keys of key=value text
    static constexpr NodeId kOther = 4; ///< names as they are, without further meaning

    explicit NameTree(event::FieldCache& names);
    NameTree(const NameTree&) = delete;
    NameTree& operator=(const NameTree&) = delete;
    ~NameTree();

    /// The edge for `key` inside `node`, which is nested `depth` deep (0..kMaxJsonDepth). The edge lives as long as the
    /// tree or, when it is not kept(), until the next such look-up at the same depth; `key` must live as long.
    [[nodiscard]] NameEdge& find(NodeId node, std::string_view key, std::size_t depth = 0);
    /// The edge whose key stands at `p`, closing quote and all, if it is one of the two that followed `after` in `node`
    /// lately; else nullptr. Events of a kind have their keys in one order, so this is right most of the time.
    [[nodiscard]] NameEdge* guess(NodeId node, const NameEdge* after, const char* p, const char* end) const noexcept;
    /// Remembers that `edge` followed `after`.
    void learn(NodeId node, NameEdge* after, NameEdge& edge) noexcept;
    /// The level inside an object that is the value of `edge`; `depth` 1..kMaxJsonDepth-1 is its nesting.
    [[nodiscard]] NodeId child(NameEdge& edge, std::size_t depth);

private:
    struct Node {
        Layout layout = Layout::generic;
        bool in_payload = false;
        std::string prefix;
    };
    struct Slot {
        std::uint64_t hash = 0;
        NameEdge* edge = nullptr;
    };

    [[nodiscard]] const Node& node(NodeId id) const noexcept;
    [[nodiscard]] Node child_node(const NameEdge& edge) const;
    void make_edge(NameEdge& edge, NodeId node, std::string_view key, std::string& long_name);
    [[nodiscard]] NameEdge& scratch_edge(NodeId node, std::string_view key, std::size_t depth);

    event::FieldCache* names_;
    event::Arena keys_;
    std::deque<NameEdge> edges_;
    std::vector<Node> nodes_;
    std::vector<NameEdge*> first_; ///< per node: the edge its objects start with
    std::vector<Slot> slots_;
    std::array<Node, kMaxJsonDepth + 1> scratch_nodes_;
    std::array<NameEdge, kMaxJsonDepth + 1> scratch_edges_;
    std::array<std::string, kMaxJsonDepth + 1> scratch_names_;
};

/// True when the text at `p` is the edge's key followed by a closing quote.
[[nodiscard]] inline bool same_key(const NameEdge& edge, const char* p, const char* end) noexcept {
    const std::size_t size = edge.key.size();
    if (static_cast<std::size_t>(end - p) <= size || p[size] != '"') { return false; }
#if defined(__SSE2__)
    if (size <= 16 && end - p >= 16) {
        const __m128i ours = _mm_loadu_si128(reinterpret_cast<const __m128i*>(edge.key.data()));
        const __m128i theirs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const auto equal = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(ours, theirs)));
        return (equal | ~((1U << size) - 1U)) == ~0U;
    }
#endif
    return std::memcmp(p, edge.key.data(), size) == 0;
}

inline NameEdge* NameTree::guess(NodeId node, const NameEdge* after, const char* p, const char* end) const noexcept {
    if (after == nullptr) {
        NameEdge* const first = node < first_.size() ? first_[node] : nullptr;
        return first != nullptr && same_key(*first, p, end) ? first : nullptr;
    }
    if (after->next != nullptr && same_key(*after->next, p, end)) [[likely]] { return after->next; }
    if (after->next_but_one != nullptr && same_key(*after->next_but_one, p, end)) { return after->next_but_one; }
    return nullptr;
}

} // namespace canhgac::collector
