/// Reads the steps that are more than a list of expressions; the base of the parser of steps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/query/expression_parser.hpp"

namespace canhgac::storage {

/// Like ExpressionParser: false and a problem, after which it is done for.
class StepParser : protected ExpressionParser {
public:
    /// Rules and alerts that are named are added to `references`.
    StepParser(std::string_view text, std::size_t at, std::vector<QueryReference>& references) noexcept
        : ExpressionParser(text, at), references_(&references) {}

protected:
    [[nodiscard]] std::vector<QueryReference>& references() const noexcept { return *references_; }
    bool by();
    bool column_list(std::vector<NamedExpression>& out);
    bool column(NamedExpression& out);
    bool want_word(std::string_view word);
    /// A duration, which stays the token at hand.
    bool span(std::int64_t& out);
    bool room(std::size_t columns);
    /// "by" cols "maxspan" DUR step+. Steps begin with heads, which are no tokens: they are read by place.
    bool sequence(Pipe& pipe);
    /// root="..." id=col parent=col [depth=N] [up=N], in any order.
    bool process_tree(Pipe& pipe);
    /// col "with" ("*" | "text" | name[:type])+
    bool parse(Pipe& pipe);
    /// TABLE "on" cols
    bool lookup(Pipe& pipe);

private:
    [[nodiscard]] std::size_t behind_blanks(std::size_t at) const noexcept;
    /// "[" head ["|" "where" expr] "]" ["with" "runs" N], from `at` to behind it and blanks.
    bool sequence_part(SequencePart& part, std::size_t& at);
    bool part_runs(SequencePart& part, std::size_t& at);
    bool refuse_argument(const Token& at, std::string why);
    bool tree_value(const Token& name, ProcessTree& tree);
    [[nodiscard]] bool ends_by_itself(const PatternPiece& piece) const noexcept;
    bool pattern_piece(PatternPiece& piece);

    std::vector<QueryReference>* references_;
};

} // namespace canhgac::storage
