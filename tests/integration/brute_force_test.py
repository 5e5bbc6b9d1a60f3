"""Ten failed SSH log-ins in five minutes: one alert, one webhook call, one e-mail in Vietnamese, each at once."""
import email
import email.policy
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import time
import unittest

import harness

RULE = "f2e23f83-ca6d-4b39-a7e9-1248573e5660"  # rules/pack/ssh_sso/ssh_brute_force.yml
SECRET = "not-a-real-secret"


@unittest.skipUnless(shutil.which("logger"), "logger (bsdutils) is not installed")
class BruteForce(harness.Case):
    def setUp(self):
        super().setUp()
        self.hook = harness.WebhookReceiver()
        self.addCleanup(self.hook.close)
        self.mail = harness.MailServer()
        self.addCleanup(self.mail.close)
        secret = self.folder / "webhook-secret"
        secret.write_text(SECRET + "\n")
        self.canhgac = self.server(alerting={
            "language": "vi",
            "smtp": {"host": "127.0.0.1", "port": self.mail.port, "security": "none", "from": "canhgac@tinh.example",
                     "to": ["truc-soc@tinh.example"]},
            "webhook": {"url": self.hook.url, "secret_file": str(secret)},
        }).start(120)

    def fail_login(self, times):
        for _ in range(times):
            subprocess.run(["logger", "--server", "127.0.0.1", "--port", str(self.canhgac.ports["syslog_udp"]), "--udp",
                            "--rfc3164", "--priority", "auth.info", "--tag", "sshd[4242]",
                            "Failed password for root from 203.0.113.77 port 40022 ssh2"], check=True,
                           env={**os.environ, "TZ": "Asia/Ho_Chi_Minh"})

    def test_the_tenth_failure_tells_people_once(self):
        server = self.canhgac
        self.fail_login(9)
        harness.wait_until(lambda: server.ledger("syslog_udp")["committed"] == 9, what="nine events stored")
        time.sleep(1.0)
        self.assertEqual(server.alerts(RULE), [])
        self.assertEqual((self.hook.snapshot(), self.mail.mails), ([], []))

        self.fail_login(1)
        tenth = time.monotonic()
        harness.wait_until(lambda: self.hook.snapshot() and self.mail.mails, 5, "webhook call and e-mail", pause=0.005)
        (called, headers, body), (mailed, message) = self.hook.snapshot()[0], self.mail.mails[0]
        print(f"webhook {called - tenth:.3f} s, e-mail {mailed - tenth:.3f} s after the tenth failure")
        if not harness.SLOW:
            self.assertLess(called - tenth, 1.0)
            self.assertLess(mailed - tenth, 1.0)
        alerts = server.alerts(RULE)
        self.assertEqual(len(alerts), 1)
        self.assertEqual(alerts[0]["count"], 10)
        self.assertEqual(alerts[0]["entity"], [{"field": "source.ip", "value": "203.0.113.77"}])
        self.assertEqual(alerts[0]["organization"], "Sở Thử nghiệm")
        self.check_webhook(headers, body, alerts[0])
        self.check_mail(message)

        self.fail_login(20)
        harness.wait_until(lambda: server.alerts(RULE)[0]["count"] == 30, 20, "the counter at 30")
        time.sleep(1.5)
        self.assertEqual(len(server.alerts(RULE)), 1)
        self.assertEqual(len(self.hook.snapshot()), 1)
        self.assertEqual(len(self.mail.mails), 1)
        server.stop()

    def check_webhook(self, headers, body, alert):
        signed = headers["X-CanhGac-Timestamp"].encode() + b"." + body
        want = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        self.assertEqual(headers["X-CanhGac-Signature"], want)
        self.assertTrue(headers["Idempotency-Key"])
        self.assertEqual(json.loads(body)["alert"]["id"], alert["id"])

    def check_mail(self, message):
        mail = email.message_from_bytes(message, policy=email.policy.default)
        text = mail.get_body(("plain",)).get_content()
        print(mail["Subject"], text, sep="\n")
        self.assertIn("truc-soc@tinh.example", mail["To"])
        self.assertNotIn("�", text)
        for words in ("CẢNH BÁO AN NINH MẠNG", "Dò mật khẩu SSH từ một địa chỉ", "Mức độ nghiêm trọng: Cao", "địa chỉ nguồn 203.0.113.77", "Đơn vị: Sở Thử nghiệm",
                      "Số lần: 10", "Hướng xử lý: ", "chặn địa chỉ nguồn"):
            self.assertIn(words.lower(), (mail["Subject"] + text).lower())


if __name__ == "__main__":
    harness.main("brute_force")
