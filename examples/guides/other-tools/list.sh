token=$(curl --silent --fail --cacert "$APPREG_CA_FILE" \
  --data grant_type=client_credentials --data-urlencode scope=https://graph.microsoft.com/.default \
  --data "client_id=$ARM_CLIENT_ID" --data-urlencode "client_secret=$ARM_CLIENT_SECRET" \
  "$APPREG_AUTHORITY_HOST/$ARM_TENANT_ID/oauth2/v2.0/token" | jq --raw-output .access_token)
curl --silent --fail --cacert "$APPREG_CA_FILE" --header "Authorization: Bearer $token" \
  "$APPREG_GRAPH_ENDPOINT/v1.0/applications?\$select=appId,displayName" | jq --raw-output '.value[] | .appId + " " + .displayName'
