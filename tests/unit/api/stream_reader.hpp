/// Reads a live stream of the API in a thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/http_client.hpp"
#include "tests/unit/api/api_harness.hpp"

namespace canhgac::test {

/// Its text as it comes. Thread safe.
class StreamReader {
public:
    StreamReader(std::string url, std::vector<std::pair<std::string, std::string>> headers) {
        headers.emplace_back("Authorization", "Bearer " + std::string(kToken));
        thread_ = std::thread([this, url = std::move(url), headers = std::move(headers)] {
            net::HttpClient client({});
            const auto got = client.send({.method = "GET",
                                          .url = url,
                                          .headers = headers,
                                          .body = {},
                                          .on_body =
                                              [this](std::string_view part) {
                                                  const std::scoped_lock lock(mutex_);
                                                  text_ += part;
                                                  changed_.notify_all();
                                                  return true;
                                              }},
                                         cancelled_);
            const std::scoped_lock lock(mutex_);
            status_ = got ? got->status : 0;
            ended_ = true;
            changed_.notify_all();
        });
    }
    ~StreamReader() {
        cancelled_ = true;
        thread_.join();
    }
    StreamReader(const StreamReader&) = delete;
    StreamReader& operator=(const StreamReader&) = delete;

    bool wait_for(std::string_view text) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return text_.find(text) != std::string::npos; });
    }
    bool wait_for_end() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return ended_; });
    }
    std::string text() {
        const std::scoped_lock lock(mutex_);
        return text_;
    }
    int status() {
        const std::scoped_lock lock(mutex_);
        return status_;
    }

private:
    std::atomic<bool> cancelled_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string text_;
    int status_ = 0;
    bool ended_ = false;
    std::thread thread_;
};

} // namespace canhgac::test
