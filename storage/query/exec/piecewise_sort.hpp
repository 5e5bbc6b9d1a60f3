/// Sorting that can be left between pieces, for steps that have to end soon when asked to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "storage/query/exec/stage.hpp"

namespace canhgac::storage {

/// Stable. False: the query has to end; `values` are in no order then. Takes as much memory again while it runs.
template <typename Value, typename Less>
[[nodiscard]] bool sort_in_pieces(std::vector<Value>& values, const Less& less, QueryContext& context) {
    constexpr std::size_t kPiece = 8'192;
    const auto place = [&values](std::size_t at) {
        return values.begin() + static_cast<std::ptrdiff_t>(std::min(at, values.size()));
    };
    for (std::size_t at = 0; at < values.size(); at += kPiece) {
        if (!context.goes_on()) { return false; }
        std::stable_sort(place(at), place(at + kPiece), less);
    }
    std::vector<Value> merged;
    for (std::size_t piece = kPiece; piece < values.size(); piece *= 2) {
        merged.clear();
        merged.reserve(values.size());
        for (std::size_t at = 0; at < values.size(); at += 2 * piece) {
            if (!context.goes_on()) { return false; }
            std::merge(place(at), place(at + piece), place(at + piece), place(at + 2 * piece),
                       std::back_inserter(merged), less);
        }
        values.swap(merged);
    }
    return true;
}

} // namespace canhgac::storage
