#include "common/yaml.hpp"

namespace canhgac::common::yaml {

const Node* Node::find(std::string_view key) const noexcept {
    for (const auto& [name, value] : entries) {
        if (name == key) { return &value; }
    }
    return nullptr;
}

Result<std::vector<Node>, Error> parse(std::string_view) {
    return fail(Error{{1, 1}, "not yet"});
}

} // namespace canhgac::common::yaml
