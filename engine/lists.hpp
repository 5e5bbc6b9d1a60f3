/// Many short lists of numbers in two arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace canhgac::engine {

/// lists[i] is a view of the i-th list. Built once by add(), then read by any thread.
class Lists {
public:
    void add(std::span<const std::uint32_t> list) {
        values_.insert(values_.end(), list.begin(), list.end());
        ends_.push_back(static_cast<std::uint32_t>(values_.size()));
    }
    [[nodiscard]] std::span<const std::uint32_t> operator[](std::size_t i) const noexcept {
        const std::uint32_t begin = i == 0 ? 0 : ends_[i - 1];
        return {values_.data() + begin, ends_[i] - begin};
    }
    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }

private:
    std::vector<std::uint32_t> values_;
    std::vector<std::uint32_t> ends_;
};

} // namespace canhgac::engine
