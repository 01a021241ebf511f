"""`python -m harness.aws_emulator DIRECTORY`: MiniStack, with DIRECTORY as its working directory.

MiniStack's own variables configure it. With ``AUTH=true`` IAM is enforced, also where MiniStack itself does not look.
"""

import os
import sys

import ministack.app

from harness.aws_emulator import (
    access_log,
    function_errors,
    log_limits,
    protocols,
    service_permissions,
    simulation,
    tls,
    visitors,
    web_pages,
)


def main() -> None:
    """Serve until SIGTERM."""
    os.chdir(sys.argv.pop())  # MiniStack reads the command line, too
    tls.count_loopback_as_tls()
    web_pages.keep_web_pages_out()
    visitors.keep_aws_apis_out()
    access_log.log_api_requests()
    log_limits.forget_old_logs()
    protocols.read_only_protocols()
    function_errors.keep_function_errors_private()
    function_errors.end_overdue_functions()
    if ministack.app.AUTH:
        service_permissions.check_api_gateway()
        service_permissions.check_execution_roles()
        service_permissions.check_function_logs()
        service_permissions.check_alarm_actions()
        simulation.simulate_with_context()
    ministack.app.main()


if __name__ == "__main__":
    main()
