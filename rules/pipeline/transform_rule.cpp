// Transformations of the rule as a whole.
#include <algorithm>

#include "rules/pipeline/transformations.hpp"
#include "rules/pipeline/values.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

class ChangeLogsource : public Transformation {
public:
    explicit ChangeLogsource(MapReader& map)
        : wanted_{map.text_if("product").value_or(""), map.text_if("category").value_or(""),
                  map.text_if("service").value_or("")} {
        if (wanted_ == LogSource{}) { refuse(map.node().at, map.what() + " needs a product, a category or a service"); }
    }
    bool apply(const PipelineItem& /*item*/, PipelineRun& run) const override {
        if (run.draft == nullptr || run.draft->rule.logsource == wanted_) { return false; }
        run.draft->rule.logsource = wanted_;
        return true;
    }

private:
    LogSource wanted_;
};

/// add_field, remove_field, set_field: the list `fields` of the rule. Correlations have none here.
class ChangeFields : public Transformation {
public:
    enum class How : std::uint8_t { add, remove, set };
    ChangeFields(How how, std::vector<std::string> names) : how_(how), names_(std::move(names)) {}

    bool apply(const PipelineItem& /*item*/, PipelineRun& run) const override {
        if (run.draft == nullptr) { return false; }
        auto& fields = run.draft->rule.fields;
        auto changed = how_ == How::set ? std::vector<std::string>() : fields;
        if (changed.size() > kMaxFields) { refuse(run.at(), "the pipelines give the rule too many fields"); }
        for (const auto& name : names_) {
            if (how_ != How::remove) {
                changed.push_back(name);
            } else if (const auto found = std::find(changed.begin(), changed.end(), name); found != changed.end()) {
                changed.erase(found);
            }
        }
        const bool differs = changed != fields;
        fields = std::move(changed);
        return differs;
    }

private:
    static constexpr std::size_t kMaxFields = 10'000;

    How how_;
    std::vector<std::string> names_;
};

class SetState : public Transformation {
public:
    explicit SetState(MapReader& map) : key_(map.text("key")), value_(map.require("val")) {
        if (!value_.is_scalar()) { refuse(value_.at, "'val' must be a single value"); }
    }
    bool apply(const PipelineItem& /*item*/, PipelineRun& run) const override {
        run.state.insert_or_assign(key_, value_);
        return true;
    }

private:
    std::string key_;
    yaml::Node value_;
};

class SetAttribute : public Transformation {
public:
    explicit SetAttribute(MapReader& map) : attribute_(map.text("attribute")), value_(map.require("value")) {}
    bool apply(const PipelineItem& /*item*/, PipelineRun& run) const override {
        run.attributes.insert_or_assign(attribute_, value_);
        return true;
    }

private:
    std::string attribute_;
    yaml::Node value_;
};

class RuleFailure : public Transformation {
public:
    explicit RuleFailure(MapReader& map) : message_(map.text("message")) {}
    bool apply(const PipelineItem& item, PipelineRun& run) const override {
        run.touched(item);
        refuse(run.at(), "refused by pipeline item '" + item.id + "': " + message_);
    }

private:
    std::string message_;
};

class StrictMapping : public Transformation {
public:
    bool apply(const PipelineItem& item, PipelineRun& run) const override {
        if (run.draft == nullptr) { return false; }
        std::vector<std::string> missing;
        const auto look = [&](const DraftItem& one) {
            const bool is_new = !one.field.empty() && !run.mapped_fields.contains(one.field) &&
                                std::find(missing.begin(), missing.end(), one.field) == missing.end();
            if (is_new) { missing.push_back(one.field); }
            return false;
        };
        for (const auto& selection : run.draft->selections) {
            any_item(selection.node, look);
        }
        if (missing.empty()) { return false; }
        std::string list;
        for (const auto& field : missing) {
            list += (list.empty() ? "" : ", ") + field;
        }
        run.touched(item);
        refuse(run.at(), "refused by pipeline item '" + item.id + "': fields that no pipeline maps: " + list);
    }
};

} // namespace

TransformationPtr make_rule_transformation(std::string_view type, MapReader& map) {
    using How = ChangeFields::How;
    if (type == "change_logsource") { return std::make_unique<ChangeLogsource>(map); }
    if (type == "add_field") { return std::make_unique<ChangeFields>(How::add, map.texts("field")); }
    if (type == "remove_field") { return std::make_unique<ChangeFields>(How::remove, map.texts("field")); }
    if (type == "set_field") { return std::make_unique<ChangeFields>(How::set, map.texts("fields")); }
    if (type == "set_state") { return std::make_unique<SetState>(map); }
    if (type == "set_custom_attribute") { return std::make_unique<SetAttribute>(map); }
    if (type == "rule_failure") { return std::make_unique<RuleFailure>(map); }
    if (type == "strict_field_mapping_failure") { return std::make_unique<StrictMapping>(); }
    return nullptr;
}

} // namespace canhgac::rules
