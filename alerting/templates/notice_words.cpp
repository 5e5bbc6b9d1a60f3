// The words of notices in both languages (DOMAIN glossary): levels, states and first steps.
#include <algorithm>
#include <array>
#include <utility>

#include "alerting/templates/notice_text.hpp"

namespace canhgac::alerting {
namespace {

/// Vietnamese, English.
using Words = std::array<std::string_view, 2>;

constexpr std::array<Words, 5> kLevels = {{{"thông tin", "informational"},
                                           {"thấp", "low"},
                                           {"trung bình", "medium"},
                                           {"cao", "high"},
                                           {"nghiêm trọng", "critical"}}};

constexpr std::array<Words, kAlertStatuses> kStatuses = {{{"mới", "new"},
                                                          {"đã tiếp nhận", "acknowledged"},
                                                          {"đang điều tra", "investigating"},
                                                          {"đã khoanh vùng", "contained"},
                                                          {"đã đóng: cảnh báo đúng", "closed: true positive"},
                                                          {"đã đóng: cảnh báo sai", "closed: false positive"},
                                                          {"đã đóng: hoạt động bình thường", "closed: benign"},
                                                          {"đã đóng: trùng lặp", "closed: duplicate"},
                                                          {"đã đóng: thử nghiệm", "closed: test"}}};

struct Advice {
    std::string_view tactic; ///< as in attack.TACTIC with blanks as "-"
    Words text;
};

/// The tactic nearest to damage first: the first one among an alert's tags decides.
constexpr std::array<Advice, 13> kAdvice = {{
    {"impact",
     {"Cô lập máy bị ảnh hưởng khỏi mạng, không tắt nguồn; giữ nguyên hiện trạng làm chứng cứ; kiểm tra bản sao lưu và "
      "báo ngay đội ứng cứu sự cố.",
      "Isolate the affected hosts from the network without powering them off; keep them as they are as evidence; check "
      "the backups and call the incident response team at once."}},
    {"exfiltration",
     {"Chặn kết nối ra ngoài của máy liên quan; xác định dữ liệu có thể đã lộ lọt; giữ nhật ký làm chứng cứ. Nếu có dữ "
      "liệu cá nhân, lưu ý thời hạn thông báo 72 giờ.",
      "Block outbound connections of the hosts involved; find out which data may have leaked; keep the logs as "
      "evidence. "
      "If personal data is concerned, mind the 72-hour notice."}},
    {"command-and-control",
     {"Chặn địa chỉ hoặc tên miền điều khiển trên tường lửa và DNS; cô lập máy đã kết nối; thu thập chứng cứ trước khi "
      "loại bỏ mã độc.",
      "Block the control address or domain on firewall and DNS; isolate the host that connected; collect evidence "
      "before "
      "removing the malware."}},
    {"lateral-movement",
     {"Khoanh vùng: khóa tài khoản bị lợi dụng, ngắt phiên đang mở, hạn chế kết nối giữa các máy; rà soát các máy khác "
      "có "
      "cùng dấu hiệu.",
      "Contain: lock the misused account, end its sessions, restrict connections between hosts; look for the same "
      "signs "
      "on other hosts."}},
    {"credential-access",
     {"Kiểm tra có lần đăng nhập thành công nào sau đó không; chặn địa chỉ nguồn; đổi mật khẩu và bật xác thực đa yếu "
      "tố "
      "cho tài khoản bị dò.",
      "Check whether a log-in succeeded afterwards; block the source address; change the password of the account under "
      "attack and turn on multi-factor authentication."}},
    {"privilege-escalation",
     {"Xác nhận với người quản trị thay đổi quyền này có được phê duyệt không; nếu không, thu hồi quyền, khóa tài "
      "khoản và "
      "rà soát hoạt động của tài khoản đó.",
      "Ask the administrator whether this change of rights was approved; if not, revoke it, lock the account and "
      "review "
      "what the account did."}},
    {"persistence",
     {"Xác minh tài khoản, dịch vụ, tác vụ hoặc tệp vừa được tạo; nếu không được phê duyệt thì cô lập máy, lưu mẫu làm "
      "chứng cứ rồi mới loại bỏ.",
      "Verify the account, service, task or file just created; if it was not approved, isolate the host, keep a copy "
      "as "
      "evidence, then remove it."}},
    {"defense-evasion",
     {"Kiểm tra phần mềm bảo vệ và nhật ký trên máy có bị tắt hoặc xóa không; khôi phục, đối chiếu với nhật ký đã thu "
      "thập "
      "tập trung và tìm hoạt động trước đó.",
      "Check whether protection or logs on the host were switched off or cleared; restore them, compare with the logs "
      "collected centrally and look at what went before."}},
    {"execution",
     {"Xem tiến trình cha, dòng lệnh và tài khoản đã chạy; nếu bất thường thì cô lập máy và lấy mẫu tệp để phân tích.",
      "Look at the parent process, the command line and the account; if unusual, isolate the host and take a sample of "
      "the file."}},
    {"initial-access",
     {"Kiểm tra máy chủ có bị khai thác thành công không (mã trả về, tệp mới, tiến trình lạ); chặn địa chỉ nguồn; vá "
      "lỗ "
      "hổng liên quan.",
      "Check whether the server was exploited (status codes, new files, unusual processes); block the source address; "
      "patch the vulnerability."}},
    {"collection",
     {"Kiểm tra tài khoản có quyền truy cập dữ liệu này không, số lượng đã xem hoặc tải về; tạm khóa nếu chưa giải "
      "thích "
      "được.",
      "Check whether the account may read this data and how much it read; suspend it until that is explained."}},
    {"discovery",
     {"Xác minh với người quản trị đây có phải hoạt động rà soát hợp lệ không; nếu không, theo dõi máy và tài khoản "
      "này.",
      "Ask the administrator whether this is a legitimate survey; if not, watch the host and the account."}},
    {"reconnaissance",
     {"Theo dõi địa chỉ nguồn; chặn nếu tiếp diễn; kiểm tra dịch vụ bị dò quét có cần mở ra Internet không.",
      "Watch the source address and block it if it goes on; check whether the service needs to be exposed."}},
}};

constexpr Words kGeneralAdvice = {"Kiểm tra sự kiện gốc, xác minh với đơn vị vận hành, ghi lại kết quả; nếu là sự cố "
                                  "thì giữ nguyên hiện trạng và báo "
                                  "đội ứng cứu sự cố.",
                                  "Look at the original events, ask the operator, write down the finding; if it is an "
                                  "incident, keep everything as it "
                                  "is and call the incident response team."};

std::string_view in(const Words& words, Language language) noexcept {
    return words[language == Language::vietnamese ? 0 : 1];
}

/// attack.credential_access and attack.credential-access are both in use.
bool names_tactic(std::string_view tag, std::string_view tactic) noexcept {
    constexpr std::string_view kPrefix = "attack.";
    if (!tag.starts_with(kPrefix)) { return false; }
    tag.remove_prefix(kPrefix.size());
    return std::equal(tag.begin(), tag.end(), tactic.begin(), tactic.end(),
                      [](char a, char b) { return a == b || (a == '_' && b == '-'); });
}

} // namespace

std::string_view level_text(event::Severity level, Language language) noexcept {
    const auto index = static_cast<std::size_t>(level);
    return in(kLevels[std::min(index, kLevels.size() - 1)], language);
}

std::string_view status_text(AlertStatus status, Language language) noexcept {
    const auto index = static_cast<std::size_t>(status);
    return in(kStatuses[std::min(index, kStatuses.size() - 1)], language);
}

std::string_view advice_text(const std::vector<std::string>& tags, Language language) noexcept {
    for (const auto& advice : kAdvice) {
        for (const auto& tag : tags) {
            if (names_tactic(tag, advice.tactic)) { return in(advice.text, language); }
        }
    }
    return in(kGeneralAdvice, language);
}

} // namespace canhgac::alerting
