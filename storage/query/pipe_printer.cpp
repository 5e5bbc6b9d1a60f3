#include <fmt/format.h>

#include "storage/query/catalog.hpp"
#include "storage/query/parser.hpp"
#include "storage/query/pipe_parser.hpp"
#include "storage/query/token.hpp"

namespace canhgac::storage {

namespace {

std::string string_literal(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (c == '\n') {
            result += "\\n";
        } else if (code < 0x20) {
            result += fmt::format("\\u{:04x}", code);
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string column_text(std::string_view name) {
    if (is_plain_name(name) && !is_reserved(name)) { return std::string(name); }
    return fmt::format("[{}]", string_literal(name));
}

std::string timespan_literal(common::Nanos span) {
    for (const auto& [unit, name] : {std::pair{common::kDay, "d"}, std::pair{common::kHour, "h"},
                                     std::pair{common::kMinute, "m"}, std::pair{common::kSecond, "s"},
                                     std::pair{common::kMillisecond, "ms"}, std::pair{common::kMicrosecond, "us"}}) {
        if (span % unit == 0) { return fmt::format("{}{}", span / unit, name); }
    }
    return fmt::format("{}ns", span);
}

std::string literal_text(const Expression& literal) {
    switch (literal.literal_type) {
    case QueryType::boolean:
        return literal.number != 0 ? "true" : "false";
    case QueryType::integer:
        return std::to_string(literal.number);
    case QueryType::real: {
        std::string text = fmt::format("{}", literal.real);
        return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
    }
    case QueryType::timespan:
        return timespan_literal(literal.number);
    case QueryType::datetime:
        return fmt::format("datetime({})", common::format_rfc3339(literal.number));
    case QueryType::string:
        return string_literal(literal.text);
    case QueryType::null:
    case QueryType::list:
    case QueryType::any:
        break;
    }
    return "null";
}

std::string print_at(const Expression& expression, Binding least);

std::string argument_list(const Expression& call, std::size_t first) {
    std::string result = "(";
    for (std::size_t i = first; i < call.arguments.size(); ++i) {
        result += (i == first ? "" : ", ") + print_at(call.arguments[i], Binding::disjunction);
    }
    return result + ")";
}

std::string comparison_text(const Expression& call, std::string_view name) {
    std::string sign = call.negated ? fmt::format("!{}", name) : std::string(name);
    if (call.negated && call.scalar == Scalar::equal) { sign = "!="; }
    if (call.negated && call.scalar == Scalar::equal_folded) { sign = "!~"; }
    const std::string left = print_at(call.arguments[0], Binding::sum);
    switch (call.scalar) {
    case Scalar::in:
    case Scalar::in_folded:
    case Scalar::has_any:
    case Scalar::has_all:
        return fmt::format("{} {} {}", left, sign, argument_list(call, 1));
    case Scalar::between:
        return fmt::format("{} {} ({} .. {})", left, sign, print_at(call.arguments[1], Binding::sum),
                           print_at(call.arguments[2], Binding::sum));
    default:
        return fmt::format("{} {} {}", left, sign, print_at(call.arguments[1], Binding::sum));
    }
}

std::string call_text(const Expression& call, const ScalarEntry& entry) {
    const auto tighter = static_cast<Binding>(static_cast<std::uint8_t>(entry.binding) + 1);
    switch (entry.binding) {
    case Binding::disjunction:
    case Binding::conjunction:
    case Binding::sum:
    case Binding::product:
        return fmt::format("{} {} {}", print_at(call.arguments[0], entry.binding), entry.name,
                           print_at(call.arguments[1], tighter));
    case Binding::negation:
        return fmt::format("not {}", print_at(call.arguments[0], Binding::negation));
    case Binding::comparison:
        return comparison_text(call, entry.name);
    case Binding::sign: {
        const std::string inner = print_at(call.arguments[0], Binding::sign);
        return fmt::format("-{}", inner);
    }
    case Binding::call:
        break;
    }
    return fmt::format("{}{}", entry.name, argument_list(call, 0));
}

/// In parentheses if it binds less than `least`.
std::string print_at(const Expression& expression, Binding least) {
    if (expression.kind == Expression::Kind::column) { return column_text(expression.text); }
    if (expression.kind == Expression::Kind::literal) { return literal_text(expression); }
    const ScalarEntry& entry = entry_of(expression.scalar);
    const std::string text = call_text(expression, entry);
    return entry.binding < least ? fmt::format("({})", text) : text;
}

std::string named_text(const NamedExpression& column) {
    std::string value = print_expression(column.expression);
    if (column.name == default_name(column.expression)) { return value; }
    return fmt::format("{} = {}", column_text(column.name), value);
}

std::string list_text(const std::vector<NamedExpression>& columns) {
    std::string result;
    for (const NamedExpression& column : columns) {
        result += (result.empty() ? "" : ", ") + named_text(column);
    }
    return result;
}

std::string aggregate_text(const Aggregate& aggregate) {
    std::string arguments;
    for (const Expression& argument : aggregate.arguments) {
        arguments += (arguments.empty() ? "" : ", ") + print_expression(argument);
    }
    if (aggregate.every_column) { arguments += ", *"; }
    std::string call = fmt::format("{}({})", entry_of(aggregate.kind).name, arguments);
    if (aggregate.name == default_name(aggregate)) { return call; }
    return fmt::format("{} = {}", column_text(aggregate.name), call);
}

std::string key_text(const SortKey& key) {
    std::string text = print_expression(key.expression) + (key.ascending ? " asc" : " desc");
    if (key.nulls_first != key.ascending) { text += key.nulls_first ? " nulls first" : " nulls last"; }
    return text;
}

std::string sequence_text(const Pipe& pipe) {
    std::string text =
        fmt::format("{} by {} maxspan {}", to_string(pipe.kind), list_text(pipe.columns), timespan_literal(pipe.span));
    for (const SequencePart& part : pipe.parts) {
        text += " [" + print_bracket_head(part.filter);
        if (part.condition) { text += " | where " + print_expression(*part.condition); }
        text += part.runs == 1 ? "]" : fmt::format("] with runs {}", part.runs);
    }
    return text;
}

std::string pattern_text(const std::vector<PatternPiece>& pieces) {
    std::string text;
    for (const PatternPiece& piece : pieces) {
        text += ' ';
        switch (piece.kind) {
        case PatternPiece::Kind::text:
            text += string_literal(piece.text);
            break;
        case PatternPiece::Kind::skip:
            text += '*';
            break;
        case PatternPiece::Kind::capture:
            text += column_text(piece.text);
            if (piece.type != QueryType::string) { text += fmt::format(":{}", to_string(piece.type)); }
        }
    }
    return text;
}

std::string tree_text(const ProcessTree& tree) {
    return fmt::format("root={} id={} parent={} depth={} up={}", string_literal(tree.root), column_text(tree.id),
                       column_text(tree.parent), tree.depth, tree.up);
}

std::string pipe_text(const Pipe& pipe) {
    std::string name(to_string(pipe.kind));
    switch (pipe.kind) {
    case Pipe::Kind::where:
        return name + " " + print_expression(pipe.condition);
    case Pipe::Kind::extend:
        return name + " " + list_text(pipe.columns) + (pipe.groups.empty() ? "" : " by " + list_text(pipe.groups));
    case Pipe::Kind::distinct:
        return name + " " + (pipe.every_column ? "*" : list_text(pipe.columns));
    case Pipe::Kind::project:
    case Pipe::Kind::project_away:
    case Pipe::Kind::facets:
    case Pipe::Kind::expand:
        return name + " " + list_text(pipe.columns);
    case Pipe::Kind::sequence:
        return sequence_text(pipe);
    case Pipe::Kind::around:
        return fmt::format("{} {}{}", name, timespan_literal(pipe.span),
                           pipe.columns.empty() ? "" : " by " + list_text(pipe.columns));
    case Pipe::Kind::process_tree:
        return name + " " + tree_text(pipe.tree);
    case Pipe::Kind::parse:
        return fmt::format("{} {} with{}", name, list_text(pipe.columns), pattern_text(pipe.pieces));
    case Pipe::Kind::join:
        return fmt::format("{} kind={} ({}) on {}", name, to_string(pipe.join), print_query(pipe.right.front()),
                           list_text(pipe.columns));
    case Pipe::Kind::lookup:
        return fmt::format("{} {} on {}", name, column_text(pipe.table), list_text(pipe.columns));
    case Pipe::Kind::rare:
        return fmt::format("{} {} hosts <= {}", name, list_text(pipe.columns), pipe.count);
    case Pipe::Kind::take:
        return fmt::format("{} {}", name, pipe.count);
    case Pipe::Kind::top:
        return fmt::format("{} {} by {}", name, pipe.count, key_text(pipe.keys.front()));
    case Pipe::Kind::count:
    case Pipe::Kind::tail:
        return name;
    case Pipe::Kind::sort: {
        std::string keys;
        for (const SortKey& key : pipe.keys) {
            keys += (keys.empty() ? "" : ", ") + key_text(key);
        }
        return name + " by " + keys;
    }
    case Pipe::Kind::summarize:
        break;
    }
    std::string text;
    for (const Aggregate& aggregate : pipe.aggregates) {
        text += (text.empty() ? " " : ", ") + aggregate_text(aggregate);
    }
    return name + text + (pipe.columns.empty() ? "" : " by " + list_text(pipe.columns));
}

} // namespace

std::string print_expression(const Expression& expression) {
    return print_at(expression, Binding::disjunction);
}

std::string print_pipes(const Pipeline& pipes) {
    std::string result;
    for (const Pipe& pipe : pipes) {
        result += (result.empty() ? "| " : " | ") + pipe_text(pipe);
    }
    return result;
}

} // namespace canhgac::storage
