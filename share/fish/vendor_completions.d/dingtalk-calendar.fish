dingtalk-calendar completion fish | source
