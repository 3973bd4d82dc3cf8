#!/bin/sh
# Applies what is due, and nothing when nothing is. The exit status of plan tells which: 0 nothing, 2 changes, else an error.
set -u

terraform plan -input=false -lock-timeout=10m -detailed-exitcode -out=due.tfplan
status=$?

case $status in
  0) echo "Nothing is due." ;;
  2) terraform apply -input=false -lock-timeout=10m due.tfplan ;;
  *) exit $status ;;
esac
