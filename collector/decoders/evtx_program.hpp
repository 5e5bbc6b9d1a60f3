/// What a BinXML template becomes: a flat list of steps "this field from that value", worked out once a template and
/// chunk, so that a record costs its values and nothing else. Naming is NameTree's, with the layout of the JSON that
/// evtx_dump makes, so that both readings of a log give the same event.
/// Source: MS-EVEN6 section 2.2.12.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "collector/decoders/evtx_layout.hpp"
#include "collector/decoders/name_tree.hpp"
#include "event/arena.hpp"

namespace canhgac::collector {

inline constexpr std::size_t kMaxEvtxDepth = 48; ///< elements within each other, over all nested fragments
inline constexpr std::int32_t kNoSubstitution = -1;

/// A part of a text: written in the template, or one of the record's values.
struct EvtxPiece {
    std::string_view literal;
    std::int32_t value = kNoSubstitution; ///< index of the value
};

enum class EvtxStep : std::uint8_t {
    text,   ///< the pieces are the value of `edge`; one that is BinXML is read as content of `edge`
    empty,  ///< an element without content is null, unless one of the values in its attributes (pieces) is there
    system, ///< the System element begins
};

struct EvtxOp {
    EvtxStep step = EvtxStep::text;
    bool attribute = false; ///< a null value is no attribute
    bool quiet = false;     ///< null is nothing: the element has other content
    std::uint8_t depth = 0; ///< elements around, within the fragment
    std::uint32_t first_piece = 0;
    std::uint32_t piece_count = 0;
    NameEdge* edge = nullptr; ///< null: the name is the value `name_value`
    NodeId node = 0;          ///< where `name_value` is looked up
    std::int32_t name_value = kNoSubstitution;
};

/// The steps of several templates, one behind the other. Texts of pieces live in the batch's arena, edges in the tree
/// or, beyond the tree's limits, in `edges`. clear() keeps the memory.
struct EvtxCode {
    std::vector<EvtxOp> ops;
    std::vector<EvtxPiece> pieces;
    std::deque<NameEdge> edges;

    void clear() noexcept {
        ops.clear();
        pieces.clear();
        edges.clear();
    }
};

/// Where the content of a fragment goes.
struct EvtxPlace {
    NodeId node = NameTree::kRoot;
    std::uint8_t depth = 0; ///< elements around
    std::uint8_t nest = 0;  ///< fragments around
};

/// One a worker; not thread safe. The lists inside keep their memory.
class EvtxCompiler {
public:
    /// Appends the steps for the element at `in` (an open-element token), and leaves `in` behind it. `dependency`: the
    /// element has a dependency identifier (all but those written directly into a value). `literals`: the batch's
    /// arena; `names`: lives as long as `code`. `budget` (bytes of work) goes down; at 0: too_large.
    [[nodiscard]] EvtxErrc compile(EvtxCursor& in, EvtxPlace place, bool dependency, EvtxCode& code);
    void start(NameTree& tree, event::Arena& literals, event::Arena& names, std::uint64_t& budget) noexcept {
        tree_ = &tree;
        literals_ = &literals;
        names_ = &names;
        budget_ = &budget;
    }

private:
    struct Attribute {
        std::string_view name;
        std::uint32_t first_piece = 0;
        std::uint32_t piece_count = 0;
    };
    /// An element whose content is being read.
    struct Open {
        NameEdge* edge = nullptr;
        NodeId node = 0; ///< of its children; 0 = not asked for yet
        NodeId parent = 0;
        std::int32_t name_value = kNoSubstitution;
        bool has_content = false;                ///< children, or a literal attribute: null is nothing
        std::uint32_t first_attribute_value = 0; ///< into attribute_values_
        std::uint32_t first_content = 0;         ///< into content_
    };

    [[nodiscard]] bool spend(std::size_t bytes) noexcept;
    [[nodiscard]] EvtxErrc read_name(EvtxCursor& in, std::string_view& name);
    [[nodiscard]] EvtxErrc read_piece(EvtxCursor& in, std::vector<EvtxPiece>& pieces, bool& found);
    [[nodiscard]] EvtxErrc open_element(EvtxCursor& in, bool dependency);
    [[nodiscard]] EvtxErrc read_attributes(EvtxCursor& in);
    void name_element(Open& open, std::string_view name);
    void add_attributes(Open& open);
    [[nodiscard]] EvtxErrc read_content(EvtxCursor& in, bool dependency);
    void close_element();
    void flush_content(Open& open, bool quiet);
    [[nodiscard]] NameEdge* edge_of(NodeId node, std::string_view key, std::size_t depth);
    [[nodiscard]] NodeId node_of(Open& open);
    EvtxOp& add_op(EvtxStep step, const Open& open);

    NameTree* tree_ = nullptr;
    event::Arena* literals_ = nullptr;
    event::Arena* names_ = nullptr;
    std::uint64_t* budget_ = nullptr;
    EvtxCode* code_ = nullptr;
    EvtxPlace place_;
    std::vector<Open> open_;
    std::vector<Attribute> attributes_;       ///< of the element being opened
    std::vector<EvtxPiece> attribute_pieces_; ///< their pieces
    std::vector<EvtxPiece> attribute_values_; ///< of the open elements
    std::vector<EvtxPiece> content_;          ///< of the open elements, not yet written out
};

} // namespace canhgac::collector
