/// An owned copy of a row that waits for its place in an order.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "storage/block_reader.hpp"

namespace canhgac::storage {

/// Stays where it is: its row views its own memory.
struct HeldRow {
    BlockRow row;
    std::string bytes;
    std::vector<BlockField> fields;

    explicit HeldRow(const BlockRow& source) : row(source), fields(source.fields.begin(), source.fields.end()) {
        const auto stands_in_raw = [&source](const BlockField& field) {
            return std::less_equal<>()(source.raw.data(), field.text.data()) &&
                   std::less_equal<>()(field.text.data() + field.text.size(), source.raw.data() + source.raw.size());
        };
        std::size_t more = 0;
        for (const BlockField& field : fields) {
            more += stands_in_raw(field) ? 0 : field.text.size();
        }
        bytes.reserve(source.raw.size() + more);
        bytes = source.raw;
        for (BlockField& field : fields) {
            std::size_t offset = bytes.size();
            if (stands_in_raw(field)) {
                offset = static_cast<std::size_t>(field.text.data() - source.raw.data());
            } else {
                bytes += field.text;
            }
            field.text = {bytes.data() + offset, field.text.size()};
        }
        row.raw = {bytes.data(), source.raw.size()};
        row.fields = fields;
    }
    HeldRow(const HeldRow&) = delete;
    HeldRow& operator=(const HeldRow&) = delete;
    [[nodiscard]] std::size_t size() const noexcept {
        return sizeof *this + bytes.capacity() + fields.capacity() * sizeof(BlockField) + 64;
    }
};

} // namespace canhgac::storage
