/// The command line of `canhgac rules ...`: what each command takes, and nothing else.
#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace canhgac::app {

/// Holds the options of the rule commands while the command line is parsed and run.
class RuleCommands {
public:
    /// `status` receives the exit status of the command that ran; must outlive it.
    explicit RuleCommands(int& status);
    ~RuleCommands();
    RuleCommands(const RuleCommands&) = delete;
    RuleCommands& operator=(const RuleCommands&) = delete;

    /// Adds the commands below `rules`.
    void add_to(CLI::App& rules);

private:
    struct Options;
    int& status_;
    std::unique_ptr<Options> options_;
};

} // namespace canhgac::app
