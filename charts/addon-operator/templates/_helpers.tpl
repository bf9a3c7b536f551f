{{/* The name of all objects. */}}
{{- define "addon-operator.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains "addon-operator" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-addon-operator" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What finds the pods; never changes in the life of a release. */}}
{{- define "addon-operator.selector" -}}
app.kubernetes.io/name: addon-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "addon-operator.labels" -}}
{{ include "addon-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "addon-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "addon-operator.name" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{- define "addon-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Whether the module folders are not those of the operator's own image. */}}
{{- define "addon-operator.hasAddons" -}}
{{- if or .Values.modules.image.reference .Values.modules.volume .Values.modules.files -}}
true
{{- end -}}
{{- end -}}

{{/* The key of a file in the ConfigMap: a path has slashes, a key must not. */}}
{{- define "addon-operator.fileKey" -}}
{{- . | replace "/" "__" -}}
{{- end -}}

{{/* The certificate of webhooks and their configurations are called so. */}}
{{- define "addon-operator.webhooks" -}}
{{- printf "%s-hooks" (include "addon-operator.name" .) -}}
{{- end -}}
