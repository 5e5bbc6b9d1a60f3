// Steps that take one value apart: mv-expand and parse.
#include <algorithm>
#include <charconv>

#include "storage/query/exec/evaluator.hpp"
#include "storage/query/exec/stage.hpp"

namespace canhgac::storage {

namespace {

/// A row for each item of a list. What is no list stays as it is; an empty list becomes null, so that no row is lost.
class ExpandStage final : public Stage {
public:
    explicit ExpandStage(const StageInputs& inputs) noexcept : in_(inputs) {}
    bool push(const QueryRow& row) override {
        const QueryValue value = in_.context.evaluator.evaluate(in_.plan.by[0], row.slots);
        if (value.type() != QueryType::list || value.items().empty()) {
            return give(row, value.type() == QueryType::list ? QueryValue{} : value);
        }
        return std::all_of(value.items().begin(), value.items().end(),
                           [&](const QueryValue& item) { return in_.context.goes_on() && give(row, item); });
    }
    void finish() override { in_.next.finish(); }

private:
    bool give(const QueryRow& row, const QueryValue& value) {
        row.slots[in_.plan.made[0]] = value;
        return in_.next.push(row) && !in_.context.failure;
    }
    StageInputs in_;
};

/// A captured text as the type asked for; null when it is none.
QueryValue captured(QueryType type, std::string_view text) noexcept {
    const QueryValue value = QueryValue::string(text);
    switch (type) {
    case QueryType::boolean:
        return convert(Scalar::to_bool, value);
    case QueryType::integer: {
        const auto number = numeric(value);
        return number && number->type() == QueryType::integer ? *number : QueryValue{};
    }
    case QueryType::real:
        return convert(Scalar::to_real, value);
    case QueryType::timespan:
        return convert(Scalar::to_timespan, value);
    case QueryType::datetime:
        return convert(Scalar::to_datetime, value);
    default:
        return value;
    }
}

/// The longest front of a text that is a number.
std::string_view number_in_front(QueryType type, std::string_view text) noexcept {
    const char* const end = text.data() + text.size();
    std::int64_t integer = 0;
    double real = 0.0;
    const char* const stop = type == QueryType::integer ? std::from_chars(text.data(), end, integer).ptr
                                                        : std::from_chars(text.data(), end, real).ptr;
    return text.substr(0, static_cast<std::size_t>(stop - text.data()));
}

/// The pattern against the whole text: every text of it at its first place behind the one before, the last one at the
/// end. If anything does not fit, all columns are null.
class ParseStage final : public Stage {
public:
    explicit ParseStage(const StageInputs& inputs) noexcept : in_(inputs) {}
    bool push(const QueryRow& row) override {
        const QueryValue value = in_.context.evaluator.evaluate(in_.plan.by[0], row.slots);
        text_.clear();
        append_value_text(text_, value);
        const bool fits = !value.is_null() && match(in_.context.scratch.copy(text_), row.slots);
        for (const PlannedPiece& piece : in_.plan.pieces) {
            if (!fits && piece.kind == PatternPiece::Kind::capture) { row.slots[piece.slot] = {}; }
        }
        return in_.next.push(row);
    }
    void finish() override { in_.next.finish(); }

private:
    [[nodiscard]] bool match(std::string_view rest, std::span<QueryValue> slots) const {
        const std::vector<PlannedPiece>& pieces = in_.plan.pieces;
        const PlannedPiece* open = nullptr; ///< what takes the text before the next literal
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            const PlannedPiece& piece = pieces[i];
            if (piece.kind != PatternPiece::Kind::text) {
                const bool behind_number = open != nullptr && open->is_front;
                open = behind_number ? open : &piece;
                continue;
            }
            const bool last = i + 1 == pieces.size();
            std::size_t at = rest.find(piece.text);
            if (last && rest.ends_with(piece.text)) { at = rest.size() - piece.text.size(); }
            if (at == std::string_view::npos || (open == nullptr && at != 0)) { return false; }
            if (last && at + piece.text.size() != rest.size()) { return false; }
            if (!fill(open, rest.substr(0, at), slots)) { return false; }
            open = nullptr;
            rest.remove_prefix(at + piece.text.size());
        }
        return open == nullptr ? rest.empty() : fill(open, rest, slots);
    }
    static bool fill(const PlannedPiece* piece, std::string_view text, std::span<QueryValue> slots) noexcept {
        if (piece == nullptr || piece->kind != PatternPiece::Kind::capture) { return true; }
        if (piece->is_front) { text = number_in_front(piece->type, text); }
        slots[piece->slot] = captured(piece->type, text);
        return !slots[piece->slot].is_null();
    }

    StageInputs in_;
    std::string text_;
};

} // namespace

std::unique_ptr<Stage> make_expand_stage(const StageInputs& inputs) {
    return std::make_unique<ExpandStage>(inputs);
}
std::unique_ptr<Stage> make_parse_stage(const StageInputs& inputs) {
    return std::make_unique<ParseStage>(inputs);
}

} // namespace canhgac::storage
