#include "engine/plain_stamp.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace canhgac::engine {

namespace {

std::string join(std::initializer_list<std::string_view> parts) {
    std::string out;
    for (const std::string_view part : parts) {
        out += part;
    }
    return out;
}

} // namespace

std::vector<text::Regex> plain_stamp_forms() {
    const std::string second = R"(([0-5]\d|60)([.,]\d+)?)";
    const std::string zone = R"(( ?([A-Z]{1,5}|z|[+-]\d\d(:?\d\d)?))?)";
    const std::string day = "((?i:mon|tue|wed|thu|fri|sat|sun) )?";
    const std::string month = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)";
    const std::string clock = join({R"(\d\d:\d\d:)", second});
    std::vector<text::Regex> out;
    for (const std::string& form :
         {join({R"(^\d{4}(-\d\d-|/\d\d/)\d\d([Tt ]\d\d:\d\d(:)", second, ")?", zone, R"()?\z)"}),
          join({R"(^\d\d/)", month, R"(/\d{4}:)", clock, zone, R"(\z)"}),
          join({"^", day, month, R"( ( \d|\d\d?) (\d{4} )", clock, "|", clock, R"(( \d{4})?)\z)"}),
          join({"^", clock, R"(\z)"}), std::string(R"(^\d{9,11}(\.\d*)?\z)"), std::string(R"(^\d{12,19}\z)")}) {
        out.push_back(std::move(text::Regex::compile(form).value()));
    }
    return out;
}

std::vector<int> read_plain_stamp(std::size_t form, std::string value) {
    std::tm time{};
    time.tm_year = 100; // a leap year, for stamps without any
    bool has_year = form != 2 && form != 3;
    const bool has_clock = form != 0 || value.size() > 10;
    if (form >= 4) { // a count since 1970
        const std::size_t digits = std::min(value.find('.'), value.size());
        const std::uint64_t unit = digits > 17 ? 1'000'000'000 : digits > 14 ? 1'000'000 : digits > 11 ? 1'000 : 1;
        const auto seconds = static_cast<std::time_t>(std::strtoull(value.c_str(), nullptr, 10) / unit);
        if (seconds > 9'000'000'000) { return {}; }
        gmtime_r(&seconds, &time);
    } else {
        if (form == 0) {
            value.replace(4, 1, "-").replace(7, 1, "-").replace(10, has_clock ? 1 : 0, has_clock ? "T" : "");
        }
        if (form == 2 && value[3] == ' ' && value[4] >= 'A') { value.erase(0, 4); }
        const bool year_first = form == 2 && value.find(':') > 10;
        const bool year_last = form == 2 && value[value.size() - 5] == ' ';
        const char* how = form == 0    ? has_clock ? "%Y-%m-%dT%H:%M" : "%Y-%m-%d"
                          : form == 1  ? "%d/%b/%Y:%H:%M"
                          : form == 3  ? "%H:%M"
                          : year_first ? "%b %d %Y %H:%M"
                                       : "%b %d %H:%M";
        if (strptime(value.c_str(), how, &time) == nullptr) { return {}; }
        if (year_last) { time.tm_year = std::stoi(value.substr(value.size() - 4)) - 1900; }
        has_year = has_year || year_first || year_last;
    }
    std::tm whole = time;
    static_cast<void>(timegm(&whole)); // fills the weekday; a day that does not exist becomes another
    if (form != 3 && whole.tm_mday != time.tm_mday) { return {}; }
    std::array<char, 3> week{};
    static_cast<void>(std::strftime(week.data(), week.size(), "%V", &whole));
    std::vector<int> parts = {
        -1, time.tm_min, time.tm_hour, time.tm_mday, std::stoi(week.data()), time.tm_mon + 1, time.tm_year + 1900};
    if (!has_clock) { parts[1] = parts[2] = -1; }
    if (form == 3) { parts[3] = parts[5] = -1; }
    if (!has_year) { parts[4] = parts[6] = -1; }
    return parts;
}

} // namespace canhgac::engine
