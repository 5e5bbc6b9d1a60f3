#include "collector/decoders/name_tree.hpp"

#include <algorithm>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "collector/decoders/name_meanings.hpp"

namespace canhgac::collector {

namespace {

constexpr std::size_t kMaxProbes = 32; ///< a sender who forges collisions only loses the cache
constexpr NodeId kScratchNode = NameTree::kFirstScratchNode;

std::string join(std::string_view prefix, char separator, std::string_view key) {
    std::string name;
    name.reserve(prefix.size() + 1 + key.size());
    name += prefix;
    if (!prefix.empty()) { name += separator; }
    name += key;
    return name;
}

std::uint64_t hash_key(NodeId node, const KeyHead& head, std::string_view key) noexcept {
    if (key.size() > 16) { return XXH3_64bits_withSeed(key.data(), key.size(), node); }
    std::uint64_t hash = (head.low ^ node) * 0x9E37'79B9'7F4A'7C15U;
    hash = (hash ^ hash >> 29U ^ head.high ^ key.size()) * 0xBF58'476D'1CE4'E5B9U;
    return hash ^ hash >> 32U;
}

} // namespace

NameTree::NameTree(event::FieldCache& names)
    : names_(&names), slots_(2 * kMaxEdges), followers_(std::size_t{1} << kFollowersLog2, nullptr) {
    nodes_.reserve(64);
    nodes_.push_back({});                          // 0: no node
    nodes_.push_back({Layout::root, false, {}});   // kRoot
    nodes_.push_back({Layout::update, false, {}}); // kUpdate
    nodes_.push_back({Layout::flat, false, {}});   // kFlat
    nodes_.push_back({Layout::generic, true, {}}); // kOther
}

NameTree::~NameTree() = default;

const NameTree::Node& NameTree::node(NodeId id) const noexcept {
    return id >= kScratchNode ? scratch_nodes_[id - kScratchNode] : nodes_[id];
}

NameEdge& NameTree::find(NodeId in, std::string_view key, std::size_t depth) {
    const KeyHead head = key_head(key.data(), key.size(), key.size());
    const std::uint64_t hash = hash_key(in, head, key) | 1U; // 0 marks an empty slot
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash >> 32U & mask;
    for (std::size_t probe = 0; probe < kMaxProbes; ++probe, at = (at + 1) & mask) {
        Slot& slot = slots_[at];
        if (slot.hash == hash) {
            NameEdge& known = *slot.edge;
            if (known.node == in && known.head == head && known.key.size() == key.size() &&
                (key.size() <= 16 || known.key == key)) {
                return known;
            }
        }
        if (slot.hash != 0) { continue; }
        NameEdge& edge = scratch_edge(in, key, depth);
        // Not kept when names ran out: the tree must not fill up with keys that are never seen again.
        if (edge.overflow || edges_.size() >= kMaxEdges || in >= kScratchNode) { return edge; }
        NameEdge& kept = edges_.emplace_back(edge);
        kept.key = keys_.copy(key);
        kept.head = head;
        kept.kept = true;
        kept.number = static_cast<std::uint16_t>(edges_.size());
        slot = {hash, &kept};
        return kept;
    }
    return scratch_edge(in, key, depth);
}

NameEdge& NameTree::scratch_edge(NodeId in, std::string_view key, std::size_t depth) {
    NameEdge& edge = scratch_edges_[depth];
    edge = {};
    edge.key = key;
    make_edge(edge, in, key, scratch_names_[depth]);
    return edge;
}

void NameTree::make_edge(NameEdge& edge, NodeId in, std::string_view key, std::string& long_name) {
    const Node& parent = node(in);
    std::string name;
    switch (parent.layout) {
    case Layout::generic:
        name = join(parent.prefix, '.', key);
        break;
    case Layout::element:
    case Layout::payload:
        name = key == "#text" ? parent.prefix : join(parent.prefix, parent.layout == Layout::element ? '_' : '.', key);
        break;
    case Layout::attributes:
        name = join(parent.prefix, '_', key);
        break;
    case Layout::event_data:
    case Layout::user_data:
        name = key == "#text" ? "Data" : key;
        break;
    default:
        name = key;
        break;
    }
    name = sigma_name(name);
    if (name.empty()) { name = "_"; }

    Meaning meaning;
    if (parent.layout == Layout::flat) {
        meaning = meaning_in_flat(name);
    } else if (parent.in_payload) {
        meaning = meaning_in_payload(name);
    } else {
        meaning = meaning_at_top(name);
        if (meaning.role == Role::none && parent.layout == Layout::root) {
            const Meaning flat = meaning_in_payload(name);
            if (flat.role != Role::none) { meaning.role = flat.role; }
        }
    }
    if (parent.layout == Layout::attributes && key.starts_with("xmlns")) { meaning.role = Role::dropped; }
    if (key == "System" && (parent.layout == Layout::event || parent.layout == Layout::root)) {
        meaning.role = Role::system_wrapper;
    }
    if (event::is_receiver_only(name)) {
        if (name.starts_with("logsource.")) { meaning.role = Role::logsource; }
        name.insert(0, "sender.");
    }
    edge.node = in;
    edge.role = meaning.role;
    edge.alias = meaning.alias;
    edge.id = name.size() > kMaxNameBytes ? event::field::kOverflow : names_->intern(name);
    edge.overflow = edge.id == event::field::kOverflow;
    if (edge.overflow) {
        long_name = std::move(name);
        edge.name = long_name;
    } else {
        edge.name = names_->table().name(edge.id);
    }
    edge.plain = edge.role == Role::none && edge.alias == event::field::kTimestamp && !event::is_envelope(edge.id);
}

NameTree::Node NameTree::child_node(const NameEdge& edge) const {
    const Node& parent = node(edge.node);
    const std::string_view key = edge.key;
    const bool attributes = key == "#attributes";
    const std::string generic_prefix(edge.name.starts_with("sender.") ? edge.name.substr(7) : edge.name);
    switch (parent.layout) {
    case Layout::root:
        if (key == "Event") { return {Layout::event, false, {}}; }
        if (key == "System") { return {Layout::system, false, {}}; }
        if (key == "EventData") { return {Layout::event_data, true, {}}; }
        if (key == "UserData") { return {Layout::user_data, true, {}}; }
        break;
    case Layout::update:
        if (key == "doc") { return {Layout::root, false, {}}; }
        break;
    case Layout::generic:
        if (edge.name == "winlog.event_data") { return {Layout::event_data, true, {}}; }
        if (edge.name == "winlog.user_data") { return {Layout::user_data, true, {}}; }
        break;
    case Layout::event:
        if (key == "System") { return {Layout::system, false, {}}; }
        if (key == "EventData") { return {Layout::event_data, true, {}}; }
        if (key == "UserData") { return {Layout::user_data, true, {}}; }
        if (attributes) { return {Layout::attributes, false, "Event"}; }
        break;
    case Layout::system:
        if (attributes) { return {Layout::attributes, false, "System"}; }
        if (key.ends_with("_attributes")) {
            return {Layout::attributes, false, std::string(key.substr(0, key.size() - 11))};
        }
        return {Layout::element, false, std::string(key)};
    case Layout::element:
        if (attributes) { return {Layout::attributes, false, parent.prefix}; }
        return {Layout::element, false, generic_prefix};
    case Layout::user_data:
        if (attributes) { return {Layout::attributes, true, "UserData"}; }
        return {Layout::event_data, true, {}};
    case Layout::event_data:
        if (attributes) { return {Layout::attributes, true, "EventData"}; }
        return {Layout::payload, true, generic_prefix};
    case Layout::payload:
        if (attributes) { return {Layout::attributes, true, parent.prefix}; }
        return {Layout::payload, true, generic_prefix};
    case Layout::attributes:
    case Layout::flat:
        break;
    }
    return {Layout::generic, parent.in_payload, generic_prefix};
}

NodeId NameTree::child(NameEdge& edge, std::size_t depth) {
    if (edge.child != 0) { return edge.child; }
    if (!edge.kept || nodes_.size() >= kMaxNodes) {
        scratch_nodes_[depth] = child_node(edge);
        return kScratchNode + static_cast<NodeId>(depth);
    }
    nodes_.push_back(child_node(edge));
    edge.child = static_cast<NodeId>(nodes_.size() - 1);
    return edge.child;
}

} // namespace canhgac::collector
