"""ClickHouse's engine behind its HTTP interface, as far as tests ask: ClickHouse.py PORT FOLDER

The query is the parameter `query` (GET, which may change nothing) or the body (POST); `param_NAME` are its parameters, any
other parameter is a setting.
"""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb.session import Session

port, folder = int(sys.argv[1]), sys.argv[2]
session = Session(folder)
one_at_a_time = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(None)

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def answer(self, body):
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        sql = given.pop("query", "") + (body or "")
        parameters = {name[6:]: value for name, value in given.items() if name.startswith("param_")}
        settings = {name: value for name, value in given.items() if not name.startswith("param_")}
        if body is None:
            settings["readonly"] = "2"
        if settings:
            sql += " SETTINGS " + ", ".join(f"{name} = {value}" for name, value in settings.items())
        try:
            with one_at_a_time:
                answer = session.query(sql, "TabSeparated", params=parameters).bytes() or b""
            self.reply(200, answer)
        except Exception as error:
            self.reply(500, str(error).encode() + b"\n")

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
