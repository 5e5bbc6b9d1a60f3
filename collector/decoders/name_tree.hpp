/// From the keys a sender writes to the names we keep: a per-worker tree of (where we are, key) -> field, meaning and
/// child. Wrappers (`winlog.event_data`, `Event.EventData`...) vanish here, other nesting becomes dotted names, and
/// names only the receiver may write become "sender.<name>" (DESIGN section 4, "Names", "Trust").
/// All naming rules run once a distinct key, at the first sight of it; after that a key costs one comparison.
#pragma once

#include <algorithm>
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
    generic,    ///< prefix.key
    root,       ///< the top of a JSON event
    event,      ///< inside "Event" of evtx_dump
    system,     ///< inside "Event.System"
    element,    ///< an XML element inside System: attributes are joined with "_"
    attributes, ///< "#attributes" of an element
    event_data, ///< payload names as they are
    user_data,  ///< one element deeper than EventData
    payload,    ///< an object inside the payload
    update,     ///< the source line of a bulk "update": everything is inside "doc"
    flat,       ///< key=value text
};

using NodeId = std::uint32_t;

/// The first 16 bytes of a key, zeros behind a shorter one: most keys are compared in one step.
struct KeyHead {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend bool operator==(const KeyHead&, const KeyHead&) = default;
};

/// What a key costs is the cache lines it touches: the first line holds all that a right guess needs.
struct alignas(64) NameEdge {
    KeyHead head;
    std::string_view key;   ///< as written
    event::FieldId id{};    ///< the name it gets
    event::FieldId alias{}; ///< envelope field it may also fill; field::kTimestamp = none
    Role role = Role::none;
    bool plain = true;        ///< nothing to do but to add the value
    bool overflow = false;    ///< no id left: the value goes to event.overflow as "name=value"
    bool kept = false;        ///< lives in the tree; false: beyond its limits, made for this one look-up
    NodeId node = 0;          ///< the level it is in
    NodeId child = 0;         ///< the level below; 0 = not made yet
    std::uint16_t number = 0; ///< running number, for KeyContext
    std::string_view name;    ///< of `id`, or the full name when `overflow`
};

/// The last four keys of an object: events of a kind have their keys in one order, so it tells the next one.
class KeyContext {
public:
    KeyContext() noexcept = default;
    explicit KeyContext(NodeId node) noexcept : last_(node * 0x9E37'79B9U) {}
    void follow(const NameEdge& edge) noexcept { last_ = last_ << 16U ^ edge.number; }
    [[nodiscard]] std::size_t slot(std::size_t count_log2) const noexcept {
        return last_ * 0x9E37'79B9'7F4A'7C15U >> (64U - count_log2);
    }

private:
    std::uint64_t last_;
};

/// One per worker; not thread safe. Bounded: beyond kMaxEdges keys are named anew each time they come.
class NameTree {
public:
    static constexpr std::size_t kMaxEdges = 32'768;
    static constexpr std::size_t kMaxNodes = 8'192;
    static constexpr std::size_t kMaxNameBytes = 256; ///< longer names go to event.overflow
    static constexpr std::size_t kFollowersLog2 = 13;
    static constexpr NodeId kRoot = 1;
    static constexpr NodeId kUpdate = 2;
    static constexpr NodeId kFlat = 3;                        ///< keys of key=value text
    static constexpr NodeId kOther = 4;                       ///< names as they are, without further meaning
    static constexpr NodeId kFirstScratchNode = 0x8000'0000U; ///< from here on: made for one look-up, see child()

    explicit NameTree(event::FieldCache& names);
    NameTree(const NameTree&) = delete;
    NameTree& operator=(const NameTree&) = delete;
    ~NameTree();

    /// The edge for `key` inside `node`, which is nested `depth` deep (0..kMaxJsonDepth). The edge lives as long as the
    /// tree or, when it is not kept(), until the next such look-up at the same depth; `key` must live as long.
    [[nodiscard]] NameEdge& find(NodeId node, std::string_view key, std::size_t depth = 0);
    /// The edge that stood after `context` in `node` last time, or nullptr; it still has to be compared.
    [[nodiscard]] NameEdge* guess(NodeId node, const KeyContext& context) const noexcept {
        NameEdge* const edge = guess_unchecked(context);
        return edge != nullptr && edge->node == node ? edge : nullptr;
    }
    /// The same without a look at the edge: its node has to be compared too.
    [[nodiscard]] NameEdge* guess_unchecked(const KeyContext& context) const noexcept {
        return followers_[context.slot(kFollowersLog2)];
    }
    /// Remembers that `edge` followed `context`.
    void learn(const KeyContext& context, NameEdge& edge) noexcept {
        if (edge.kept) { followers_[context.slot(kFollowersLog2)] = &edge; }
    }
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
    std::vector<Slot> slots_;
    std::vector<NameEdge*> followers_; ///< by KeyContext, direct mapped
    std::array<Node, kMaxJsonDepth + 1> scratch_nodes_;
    std::array<NameEdge, kMaxJsonDepth + 1> scratch_edges_;
    std::array<std::string, kMaxJsonDepth + 1> scratch_names_;
};

/// The head of the `size` bytes at `p`, of which `readable` may be read.
[[nodiscard]] inline KeyHead key_head(const char* p, std::size_t size, std::size_t readable) noexcept {
    KeyHead head;
    if (readable < 16) [[unlikely]] {
        if (size != 0) { std::memcpy(&head, p, std::min<std::size_t>({size, readable, sizeof head})); }
        return head;
    }
    std::memcpy(&head, p, sizeof head);
    if (size < 8) {
        head.low &= (std::uint64_t{1} << size * 8U) - 1;
        head.high = 0;
    } else if (size < 16) {
        head.high &= (std::uint64_t{1} << (size - 8) * 8U) - 1;
    }
    return head;
}

/// True when the text at `p` is the edge's key followed by a closing quote.
[[nodiscard]] inline bool same_key(const NameEdge& edge, const char* p, const char* end) noexcept {
    const std::size_t size = edge.key.size();
    const auto readable = static_cast<std::size_t>(end - p);
    if (readable <= size || p[size] != '"') { return false; }
    if (size <= 16) { return key_head(p, size, readable) == edge.head; }
    return std::memcmp(p, edge.key.data(), size) == 0;
}

} // namespace canhgac::collector
